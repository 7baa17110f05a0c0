//! Table of all limits and rates: setting key, environment variable, default per profile (`open`, `hardened`), meaning.
//!
//! Values only. They are enforced in `http` (sizes, rates, connections, timeouts) and `graphql` (query cost, depth,
//! aliases). Error messages name the setting of the limit.

/// Which set of values holds where no setting says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// For a newsroom that knows its clients, and for developing: the schema can be read, pages may be large.
    #[default]
    Open,
    /// For the open internet: smaller, counted by caller, and the public cannot read the schema.
    Hardened,
}

/// One limit.
#[derive(Debug)]
pub struct Limit {
    /// Its key in the settings file.
    pub key: &'static str,
    /// Its variable in the environment.
    pub variable: &'static str,
    /// What holds in the profile `open`.
    pub open: &'static str,
    /// What holds in the profile `hardened`.
    pub hardened: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Where its value is.
    pub field: fn(&mut Limits) -> &mut u64,
}

macro_rules! limits {
    ($($field:ident $key:literal $variable:literal $open:literal $hardened:literal $meaning:literal)*) => {
        /// The values.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $meaning] pub $field: u64,)*
        }

        /// Every limit.
        pub const ALL: &[Limit] = &[
            $(Limit {
                key: $key,
                variable: $variable,
                open: concat!($open),
                hardened: concat!($hardened),
                meaning: $meaning,
                field: |limits| &mut limits.$field,
            },)*
        ];

        impl Limits {
            /// The values of a profile.
            pub const fn of(profile: Profile) -> Self {
                match profile {
                    Profile::Open => Self { $($field: $open,)* },
                    Profile::Hardened => Self { $($field: $hardened,)* },
                }
            }
        }
    };
}

limits! {
    body_bytes "limits.body_bytes" "DATELINE_LIMITS_BODY_BYTES" 8_388_608 8_388_608
        "Bytes of a request's body, and of a query's strings and variables counted once for each use; a release of a million letters needs six million where JSON escapes them"
    public_body_bytes "limits.public_body_bytes" "DATELINE_LIMITS_PUBLIC_BODY_BYTES" 1_048_576 262_144
        "Bytes of a request's body, or of a WebSocket message, that comes without a token"
    bodies_bytes "limits.bodies_bytes" "DATELINE_LIMITS_BODIES_BYTES" 134_217_728 134_217_728
        "Bytes of bodies, of requests and of answers not yet taken, that are held at once; of one address a quarter"
    query_bytes "limits.query_bytes" "DATELINE_LIMITS_QUERY_BYTES" 262_144 65_536
        "Bytes of a query's text"
    tokens "limits.tokens" "DATELINE_LIMITS_TOKENS" 20_000 5000
        "Tokens of a query's text"
    nesting "limits.nesting" "DATELINE_LIMITS_NESTING" 64 40
        "Brackets in brackets in a query's text; fields and fragments in each other, fragments spread"
    name_letters "limits.name_letters" "DATELINE_LIMITS_NAME_LETTERS" 256 128
        "Letters of a name in a query"
    aliases "limits.aliases" "DATELINE_LIMITS_ALIASES" 1000 100
        "Aliases in a query, fragments spread"
    directives "limits.directives" "DATELINE_LIMITS_DIRECTIVES" 200 50
        "Directives in a query"
    selections "limits.selections" "DATELINE_LIMITS_SELECTIONS" 20_000 2000
        "Fields and fragments selected by all operations of a query together, fragments spread"
    depth "limits.depth" "DATELINE_LIMITS_DEPTH" 24 16
        "Selections in selections, fragments spread; tools read the schema with 13"
    cost "limits.cost" "DATELINE_LIMITS_COST" 20_000 5000
        "What a query may cost (docs/api.md)"
    values "limits.values" "DATELINE_LIMITS_VALUES" 20_000 2000
        "Values in a request's variables, counted through all lists and objects"
    answer_bytes "limits.answer_bytes" "DATELINE_LIMITS_ANSWER_BYTES" 8_388_608 8_388_608
        "Bytes of long texts in an answer: bodies as Markdown, once for each form asked for, summaries, notes, differences"
    execution_ms "limits.execution_ms" "DATELINE_LIMITS_EXECUTION_MS" 30_000 10_000
        "Milliseconds that a query may be worked on, and after which a mutation begins no further act"
    requests "limits.requests" "DATELINE_LIMITS_REQUESTS" 256 64
        "Queries worked on at once, half of them for one caller at most; more wait in turn, two seconds at most"
    connections "limits.connections" "DATELINE_LIMITS_CONNECTIONS" 10_000 4000
        "Connections held at once; more wait"
    address_connections "limits.address_connections" "DATELINE_LIMITS_ADDRESS_CONNECTIONS" 10_000 200
        "Connections held at once by one address (IPv6: by /64); trusted proxies come for many"
    header_bytes "limits.header_bytes" "DATELINE_LIMITS_HEADER_BYTES" 65_536 16_384
        "Bytes of a request's headers"
    header_ms "limits.header_ms" "DATELINE_LIMITS_HEADER_MS" 15_000 5000
        "Milliseconds that a handshake or a request's headers may take; a connection may be idle as long"
    body_ms "limits.body_ms" "DATELINE_LIMITS_BODY_MS" 30_000 10_000
        "Milliseconds that a request's body may take to arrive"
    write_ms "limits.write_ms" "DATELINE_LIMITS_WRITE_MS" 30_000 10_000
        "Milliseconds without a byte of an answer being taken, after which a reader is cut off; all in all it has as long, and a second for every 8 kB"
    streams "limits.streams" "DATELINE_LIMITS_STREAMS" 2000 500
        "WebSockets and event streams held at once"
    address_streams "limits.address_streams" "DATELINE_LIMITS_ADDRESS_STREAMS" 2000 100
        "WebSockets and event streams held at once by one address (IPv6: by /64)"
    subscriptions "limits.subscriptions" "DATELINE_LIMITS_SUBSCRIPTIONS" 100 20
        "Operations under way at once on one WebSocket"
    message_bytes "limits.message_bytes" "DATELINE_LIMITS_MESSAGE_BYTES" 8_388_608 1_048_576
        "Bytes of a WebSocket message, where a token came with the upgrade; elsewhere `limits.public_body_bytes`"
    init_ms "limits.init_ms" "DATELINE_LIMITS_INIT_MS" 10_000 5000
        "Milliseconds within which a WebSocket must send `connection_init`"
    resume_entries "limits.resume_entries" "DATELINE_LIMITS_RESUME_ENTRIES" 10_000 2000
        "How many journal entries a subscription may be behind before it must begin anew"
    public_per_minute "rate.public_per_minute" "DATELINE_RATE_PUBLIC_PER_MINUTE" 0 600
        "Requests a minute of one address without a token; 0: any number"
    token_per_minute "rate.token_per_minute" "DATELINE_RATE_TOKEN_PER_MINUTE" 0 3000
        "Requests a minute under one token; 0: any number"
    failures_per_minute "rate.failures_per_minute" "DATELINE_RATE_FAILURES_PER_MINUTE" 60 20
        "Tokens a minute of one address that turn out not to be known; after that it waits; 0: any number"
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(Profile::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_the_value_of_each_limit_per_profile() {
        for (profile, hardened) in [(Profile::Open, false), (Profile::Hardened, true)] {
            let mut limits = Limits::of(profile);
            for limit in ALL {
                let documented: u64 = if hardened { limit.hardened } else { limit.open }.parse().unwrap();
                assert_eq!(*(limit.field)(&mut limits), documented, "{}", limit.key);
                assert_eq!(format!("DATELINE_{}", limit.key.to_uppercase().replace('.', "_")), limit.variable);
            }
        }
    }

    #[test]
    fn hardened_limits_are_never_higher_than_open_ones() {
        let (mut open, mut hardened) = (Limits::of(Profile::Open), Limits::of(Profile::Hardened));
        for limit in ALL {
            let (open, hardened) = (*(limit.field)(&mut open), *(limit.field)(&mut hardened));
            assert!(hardened <= open || (limit.key.starts_with("rate.") && open == 0), "{}", limit.key);
        }
    }
}
