//! `DescribeConfigs` (key 32): settings of topics, brokers and more.

use crate::wire::UnknownTags;
use crate::{ErrorCode, Message};

/// Versions 0 to 4, flexible from 4. Answered with [`DescribeConfigsResponse`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(key = 32, versions = "0-4", flexible = "4+", response = DescribeConfigsResponse<'r>)]
pub struct DescribeConfigsRequest<'a> {
    pub resources: Vec<DescribeConfigsResource<'a>>,
    /// Whether to list where else a setting could come from.
    #[field(versions = "1+")]
    pub include_synonyms: bool,
    #[field(versions = "3+")]
    pub include_documentation: bool,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeConfigsResource<'a> {
    /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    pub resource_type: i8,
    /// A topic's name, a broker's id, and so on.
    pub resource_name: &'a str,
    /// Null asks for all.
    #[field(default = Some(Vec::new()))]
    pub configuration_keys: Option<Vec<&'a str>>,
    pub unknown_tags: UnknownTags,
}

/// The answer to [`DescribeConfigsRequest`].
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-4", flexible = "4+")]
pub struct DescribeConfigsResponse<'a> {
    /// For how many ms the client is held back because of a quota.
    pub throttle_time_ms: i32,
    pub results: Vec<DescribeConfigsResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeConfigsResult<'a> {
    pub error_code: ErrorCode,
    /// For people; null where there is no error.
    #[field(default = Some(""))]
    pub error_message: Option<&'a str>,
    /// 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
    pub resource_type: i8,
    pub resource_name: &'a str,
    pub configs: Vec<DescribeConfigsResourceResult<'a>>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeConfigsResourceResult<'a> {
    pub name: &'a str,
    /// Null for a sensitive one.
    #[field(default = Some(""))]
    pub value: Option<&'a str>,
    pub read_only: bool,
    #[field(versions = "0")]
    pub is_default: bool,
    /// 1 topic, 2 this broker, 3 all brokers, 4 the broker's file, 5 the default, 6 a logger, 7 client
    /// metrics, 8 group.
    #[field(versions = "1+", default = -1, ignorable)]
    pub config_source: i8,
    pub is_sensitive: bool,
    /// Where the value could come from, the strongest first.
    #[field(versions = "1+", ignorable)]
    pub synonyms: Vec<DescribeConfigsSynonym<'a>>,
    /// 0 unknown, 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password.
    #[field(versions = "3+", ignorable)]
    pub config_type: i8,
    #[field(versions = "3+", default = Some(""), ignorable)]
    pub documentation: Option<&'a str>,
    pub unknown_tags: UnknownTags,
}

#[derive(Debug, Clone, PartialEq, Message)]
pub struct DescribeConfigsSynonym<'a> {
    pub name: &'a str,
    #[field(default = Some(""))]
    pub value: Option<&'a str>,
    /// As `config_source`.
    pub source: i8,
    pub unknown_tags: UnknownTags,
}
