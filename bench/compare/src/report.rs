//! The figures side by side, as tables.

use std::time::Duration;

use crate::{
    client::{Client, Figures},
    rounds::Runs,
    work::Work,
};

/// The head of the table to which [`work`] adds.
pub(crate) fn head() {
    println!(
        "CPU of the whole client process in ns per record, and most memory in MiB: medians over the rounds."
    );
    println!("Ratios: the median of those within a round, and the aim.\n");
    println!("| work | | ns | of rdkafka | aim | of the floor | aim | MiB |");
    println!("|---|---|--:|--:|--:|--:|--:|--:|");
}

/// A line for each client.
pub(crate) fn work(work: &Work, runs: &[Runs<'_, Figures>]) {
    let cpu = |figures: &Figures| figures.cpu_ns_per_record;
    let rdkafka = runs.iter().find(|runs| matches!(runs.client, Client::Rdkafka(_)));
    let floor = runs.iter().find(|runs| matches!(runs.client, Client::Floor(_)));
    for one in runs {
        let is_ours = matches!(one.client, Client::Samsa { .. });
        let of = |other: Option<&Runs<'_, Figures>>, aim: Option<f64>| {
            let ratio = other.filter(|_| is_ours).map(|other| one.ratio(other, cpu));
            let [ratio, aim] = [ratio, aim.filter(|_| is_ours)].map(number);
            format!("{ratio} | {aim}")
        };
        println!(
            "| {} | {} | {:.1} | {} | {} | {:.0} |",
            work.name,
            one.client.name(),
            one.median(cpu),
            of(rdkafka, Some(work.of_rdkafka)),
            of(floor, work.of_floor),
            one.median(|figures| figures.max_rss_bytes as f64 / f64::from(1 << 20)),
        );
    }
}

/// How long records took.
pub(crate) fn latency(runs: &[Runs<'_, Figures>]) {
    println!(
        "\nFrom when a record was due to its acknowledgement, nothing lingers: medians over the rounds.\n"
    );
    println!("| | p50 ms | p99 ms | CPU, ns per record |");
    println!("|---|--:|--:|--:|");
    for one in runs {
        println!(
            "| {} | {:.3} | {:.3} | {:.0} |",
            one.client.name(),
            one.median(|figures| figures.p50_ms.unwrap_or(f64::NAN)),
            one.median(|figures| figures.p99_ms.unwrap_or(f64::NAN)),
            one.median(|figures| figures.cpu_ns_per_record),
        );
    }
}

/// How long it took until the first record was acknowledged.
pub(crate) fn start(runs: &[Runs<'_, Duration>]) {
    let ms = |lasted: &Duration| lasted.as_secs_f64() * 1e3;
    let rdkafka = runs.iter().find(|runs| matches!(runs.client, Client::Rdkafka(_)));
    println!(
        "\nFrom the start of the process to the first acknowledged record; the aim is 0.50 of rdkafka.\n"
    );
    println!("| | ms | of rdkafka |");
    println!("|---|--:|--:|");
    for one in runs {
        let ratio = number(rdkafka.map(|rdkafka| one.ratio(rdkafka, ms)));
        println!("| {} | {:.1} | {ratio} |", one.client.name(), one.median(ms));
    }
}

fn number(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| format!("{number:.2}"))
}
