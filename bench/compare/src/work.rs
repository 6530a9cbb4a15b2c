//! What is compared, and what the ratios are to be.

use clap::ValueEnum;

/// Which works to run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// All of them
    All,
    /// Publishing, whatever the size and the compression
    Publish,
    /// Consuming, whatever the size, the compression and the way
    Consume,
    /// How long records take at a steady rate
    Latency,
    /// From the start of the process to the first acknowledgement
    Start,
}

/// Something of which the CPU time per record is compared.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) what: What,
    /// Bytes of a value; there are no keys.
    pub(crate) size: u64,
    pub(crate) compression: Option<&'static str>,
    /// What samsa's time is to be at most, of rdkafka's and of the floor's.
    pub(crate) of_rdkafka: f64,
    pub(crate) of_floor: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Publish,
    Consume,
    ConsumeByMessage,
}

const SMALL: u64 = 100;
const LARGE: u64 = 1024;

#[rustfmt::skip]
pub(crate) const WORKS: [Work; 7] = [
    Work { name: "publish 100 B", what: What::Publish, size: SMALL, compression: None, of_rdkafka: 0.22, of_floor: Some(2.6) },
    Work { name: "consume 100 B by chunks", what: What::Consume, size: SMALL, compression: None, of_rdkafka: 0.12, of_floor: Some(1.5) },
    Work { name: "consume 100 B by message", what: What::ConsumeByMessage, size: SMALL, compression: None, of_rdkafka: 0.21, of_floor: Some(2.8) },
    Work { name: "publish 100 B, lz4", what: What::Publish, size: SMALL, compression: Some("lz4"), of_rdkafka: 0.36, of_floor: None },
    Work { name: "consume 100 B, lz4", what: What::Consume, size: SMALL, compression: Some("lz4"), of_rdkafka: 0.19, of_floor: None },
    Work { name: "publish 1 KiB", what: What::Publish, size: LARGE, compression: None, of_rdkafka: 0.40, of_floor: Some(1.6) },
    Work { name: "consume 1 KiB", what: What::Consume, size: LARGE, compression: None, of_rdkafka: 0.38, of_floor: Some(1.3) },
];

impl Choice {
    pub(crate) fn has(self, what: What) -> bool {
        match self {
            Self::All => true,
            Self::Publish => what == What::Publish,
            Self::Consume => what != What::Publish,
            Self::Latency | Self::Start => false,
        }
    }

    pub(crate) fn includes(self, other: Self) -> bool {
        self == Self::All || self == other
    }
}

impl Work {
    /// Large records are fewer, so that runs take about as long.
    pub(crate) fn records(&self, of_100_bytes: u64) -> u64 {
        (of_100_bytes * 100 / self.size.max(100)).max(1)
    }

    /// The topic that is published to.
    pub(crate) fn written(&self) -> String {
        format!("written-{}", self.load())
    }

    /// The topic that is read.
    pub(crate) fn filled(&self) -> String {
        format!("filled-{}", self.load())
    }

    fn load(&self) -> String {
        format!("{}-{}", self.size, self.compression.unwrap_or("plain"))
    }
}
