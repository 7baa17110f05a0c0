# Recipes for daily work. `just` lists them. Each is one command, so they also work without `just`.

# List the recipes.
default:
    @just --list

# Serve a demo newsroom at http://127.0.0.1:8000/graphiql. The first build takes several minutes.
dev:
    cargo run --release -- serve --demo --database sqlite://demo.db

# Run all tests.
test:
    cargo test --workspace

# Check formatting and lints.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Accept changed snapshots in tests/api/snapshots. Review the difference before you commit it.
bless:
    INSTA_UPDATE=always cargo test --test api snapshots

# Rewrite the generated files: schema.graphql, docs/commands.md, and the tables in docs.
update:
    DATELINE_TEST_UPDATE=1 cargo test --test api documentation::generated

# Run the benchmarks.
bench:
    cargo bench

# Run everything that a change must pass.
ci:
    bash .ci/run
