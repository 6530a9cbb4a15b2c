//! What was fetched and not taken yet, in order; and on a shelf what of it belongs to partitions that are paused.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::segment::{Item, Segment};

#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    shelf: VecDeque<Item>,
}

impl Queue {
    /// Says whether the application has to know.
    pub(super) fn push(&mut self, item: Item) -> bool {
        match item {
            Item::Segment(segment) if self.lengthens(&segment) => true,
            item if self.shelves(&item) => {
                self.shelf.push_back(item);
                false
            }
            item => {
                self.items.push_back(item);
                true
            }
        }
    }

    pub(super) fn push_front(&mut self, item: Item) {
        self.items.push_front(item);
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        self.items.pop_front()
    }

    /// Nothing can be taken now.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Nothing is kept for later.
    pub(super) fn is_shelf_empty(&self) -> bool {
        self.shelf.is_empty()
    }

    /// Puts what there is of a partition on the shelf, `begun` first. The partition is paused already.
    pub(super) fn pause(&mut self, partition: i32, begun: Option<Segment>) {
        self.shelf.extend(begun.map(Item::Segment));
        for item in std::mem::take(&mut self.items) {
            let is_kept = item.partition() == partition && self.shelves(&item);
            let place = if is_kept { &mut self.shelf } else { &mut self.items };
            place.push_back(item);
        }
    }

    /// What is on the shelf of a partition comes next.
    pub(super) fn resume(&mut self, partition: i32) {
        let back = take_from(&mut self.shelf, |item| item.partition() == partition);
        for item in back.into_iter().rev() {
            self.items.push_front(item);
        }
    }

    /// Takes out what is there of one partition.
    pub(super) fn take_out(&mut self, partition: i32) -> VecDeque<Item> {
        let is_of_it = |item: &Item| item.partition() == partition;
        let mut taken = take_from(&mut self.shelf, is_of_it);
        taken.extend(take_from(&mut self.items, is_of_it));
        taken
    }

    /// Clears the shelf of what would be fetched again: not of partitions that have stopped meanwhile, nor of what was
    /// fetched before a position was lost.
    pub(super) fn clear_shelf(&mut self) -> VecDeque<Item> {
        let stopped: BTreeSet<i32> = self.shelf.iter().filter_map(Item::failed).collect();
        take_from(&mut self.shelf, |item| !stopped.contains(&item.partition()) && !item.is_irreplaceable())
    }

    /// Whether it belongs on the shelf: what is of a paused partition, and its end behind what is kept of it.
    fn shelves(&self, item: &Item) -> bool {
        match item {
            Item::Segment(segment) => segment.source.is_paused(),
            Item::Failed { partition, .. } => self.shelf.iter().any(|kept| kept.partition() == *partition),
        }
    }

    /// Whether all that a segment without records says was said by carrying the last one of its partition further. Nobody
    /// pays for such a segment, so there must not be one for each response.
    fn lengthens(&mut self, by: &Segment) -> bool {
        if !by.records.is_empty() {
            return false;
        }
        let segments = self.shelf.iter_mut().chain(&mut self.items).filter_map(|item| match item {
            Item::Segment(segment) => Some(segment),
            Item::Failed { .. } => None,
        });
        let mut last = segments.rev();
        let last = last.find(|segment| Arc::ptr_eq(&segment.source, &by.source));
        let Some(last) = last.filter(|last| last.turn == by.turn && last.next == by.from) else {
            return false;
        };
        last.next = by.next;
        true
    }
}

fn take_from(place: &mut VecDeque<Item>, which: impl Fn(&Item) -> bool) -> VecDeque<Item> {
    let (taken, kept) = std::mem::take(place).into_iter().partition(which);
    *place = kept;
    taken
}
