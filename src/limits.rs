//! Table of all limits and rates: setting key, default per profile (`open`, `hardened`), meaning.
//!
//! Contains values only. `http` enforces sizes, rates, connections and timeouts; `graphql` enforces query cost,
//! depth and aliases. When a limit is exceeded, the error message names its setting.

/// A set of default values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// For a newsroom that knows its clients, and for development: large limits, and a public schema.
    #[default]
    Open,
    /// For the open internet: smaller limits, rate limits, and no introspection for the public.
    Hardened,
}

/// A limit, with its default values.
#[derive(Debug)]
pub struct Limit {
    /// Key in the settings file.
    pub key: &'static str,
    /// Default in the profile `open`.
    pub open: &'static str,
    /// Default in the profile `hardened`.
    pub hardened: &'static str,
    /// Meaning and unit, for `docs/settings.md`.
    pub meaning: &'static str,
    /// Function that returns the field with the value of this limit.
    pub field: fn(&mut Limits) -> &mut u64,
}

macro_rules! limits {
    ($($field:ident $key:literal $open:literal $hardened:literal $meaning:literal)*) => {
        /// The values of all limits.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $meaning] pub $field: u64,)*
        }

        /// All limits.
        pub const ALL: &[Limit] = &[
            $(Limit {
                key: $key,
                open: concat!($open),
                hardened: concat!($hardened),
                meaning: $meaning,
                field: |limits| &mut limits.$field,
            },)*
        ];

        impl Limits {
            /// Returns the default values of a profile.
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
    body_bytes "limits.body_bytes" 8_388_608 8_388_608
        "Bytes of a request body, and of the strings and variables of a query, counted once for each use; a text of a million characters needs six million bytes if JSON escapes them"
    public_body_bytes "limits.public_body_bytes" 1_048_576 262_144
        "Bytes of a request body or WebSocket message without a token"
    bodies_bytes "limits.bodies_bytes" 134_217_728 134_217_728
        "Total bytes of request bodies and unread responses in memory; one address may use a quarter of them"
    query_bytes "limits.query_bytes" 262_144 65_536
        "Bytes of the text of a query"
    tokens "limits.tokens" 20_000 5000
        "Tokens of the text of a query"
    nesting "limits.nesting" 64 40
        "Levels of nested brackets in the text of a query, and of nested fields and fragments"
    name_letters "limits.name_letters" 256 128
        "Characters of a name in a query"
    aliases "limits.aliases" 1000 100
        "Aliases in a query, with fragments expanded"
    directives "limits.directives" 200 50
        "Directives in a query"
    selections "limits.selections" 20_000 2000
        "Fields and fragments selected by all operations of a query, with fragments expanded"
    depth "limits.depth" 24 16
        "Levels of nested fields, with fragments expanded; introspection by tools needs 13"
    cost "limits.cost" 20_000 5000
        "Cost of a query ([api.md](api.md#cost))"
    values "limits.values" 20_000 2000
        "Values in the variables of a request, counted through all lists and objects"
    answer_bytes "limits.answer_bytes" 8_388_608 8_388_608
        "Bytes of long texts in a response: bodies as Markdown, once for each requested form, summaries, notes, diffs"
    execution_ms "limits.execution_ms" 30_000 10_000
        "Milliseconds after which a query is stopped, and a mutation starts no further change"
    requests "limits.requests" 256 64
        "Requests executed at once; one caller may use half of them; further requests wait up to two seconds"
    connections "limits.connections" 10_000 4000
        "Open connections; further connections wait"
    address_connections "limits.address_connections" 10_000 200
        "Open connections of one address (IPv6: by /64); not for trusted proxies"
    header_bytes "limits.header_bytes" 65_536 16_384
        "Bytes of the headers of a request"
    header_ms "limits.header_ms" 15_000 5000
        "Milliseconds for a handshake or the headers of a request, and for an idle connection"
    body_ms "limits.body_ms" 30_000 10_000
        "Milliseconds for the arrival of a request body"
    write_ms "limits.write_ms" 30_000 10_000
        "Milliseconds after which a client that reads no byte of its response is disconnected; reading a whole response may take this time plus one second for every 8 kB"
    streams "limits.streams" 2000 500
        "Open WebSockets and event streams"
    address_streams "limits.address_streams" 2000 100
        "Open WebSockets and event streams of one address (IPv6: by /64)"
    subscriptions "limits.subscriptions" 100 20
        "Operations in flight on one WebSocket"
    message_bytes "limits.message_bytes" 8_388_608 1_048_576
        "Bytes of a WebSocket message if the upgrade request has a token; otherwise `limits.public_body_bytes`"
    init_ms "limits.init_ms" 10_000 5000
        "Milliseconds within which a WebSocket must send `connection_init`"
    resume_entries "limits.resume_entries" 10_000 2000
        "Journal entries that a resumed subscription may be behind"
    public_per_minute "rate.public_per_minute" 0 600
        "Requests per minute of one address without a token; 0: no limit"
    token_per_minute "rate.token_per_minute" 0 3000
        "Requests per minute with one token; 0: no limit"
    failures_per_minute "rate.failures_per_minute" 60 20
        "Failed authentications (401) per minute from one address, after which the address must wait; 0: no limit"
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
