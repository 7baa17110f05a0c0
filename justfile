# Recipes for daily work; `just` lists them. Each recipe consists of plain commands, which also work without `just`.

# List the recipes.
default:
    @just --list

# Serve the demo newsroom at http://127.0.0.1:8000/graphiql. The first build takes several minutes.
dev:
    cargo run --release -- serve --demo --database sqlite://demo.db

# Run all Rust tests.
test:
    cargo test --workspace

# Check formatting and lints.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Accept changed output in the snapshot tests (tests/api/snapshots). Review the changed files before you commit them.
bless:
    INSTA_UPDATE=always cargo test --test api snapshots

# Rewrite the generated files: schema.graphql, docs/commands.md, and the generated tables in docs.
update:
    DATELINE_TEST_UPDATE=1 cargo test --test api documentation::generated

# Test the public pages in Chromium. Requires a built server (cargo build).
browser:
    tests/browser/run

# Write screenshots of the public pages to tests/browser/screenshots, and those of the README to docs/images.
screenshots:
    cargo build
    cd tests/browser && npm ci --ignore-scripts && node screenshots.mjs screenshots
    mkdir -p docs/images
    cp tests/browser/screenshots/home-light.png docs/images/newsroom.png
    cp tests/browser/screenshots/topic-dark.png docs/images/topic.png
    cp tests/browser/screenshots/generated-dashboard-light.png docs/images/dashboard.png

# Run the benchmarks.
bench:
    cargo bench

# Run all checks that a change must pass (continuous integration).
ci:
    bash .ci/run
