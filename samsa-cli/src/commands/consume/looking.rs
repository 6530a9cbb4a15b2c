//! A look at where partitions end, now and then while no message comes: beside the reader, which is never held up by it.

use std::pin::Pin;

use futures_lite::future;

/// A look that is under way, if one is.
pub(super) struct Looking<'a, T> {
    under_way: Option<Pin<Box<dyn Future<Output = T> + 'a>>>,
}

/// What comes first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum First<M, T> {
    Message(M),
    /// No message for a while, and no look is under way.
    Quiet,
    /// What the look has found.
    Found(T),
}

impl<'a, T> Looking<'a, T> {
    pub(super) fn new() -> Self {
        Self { under_way: None }
    }

    pub(super) fn begin(&mut self, look: impl Future<Output = T> + 'a) {
        self.under_way = Some(Box::pin(look));
    }

    /// Waits for the next message, for what is found, or where nothing is looked for until it has been quiet so long.
    pub(super) async fn beside<M>(
        &mut self,
        message: impl Future<Output = M>,
        quiet: impl Future<Output = ()>,
    ) -> First<M, T> {
        let message = async { First::Message(message.await) };
        let Some(look) = &mut self.under_way else {
            return future::or(message, async {
                quiet.await;
                First::Quiet
            })
            .await;
        };
        let first = future::or(message, async { First::Found(look.await) }).await;
        if let First::Found(_) = &first {
            self.under_way = None;
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, pending, ready, yield_now};

    use super::*;

    type First = super::First<char, u8>;

    #[test]
    fn messages_come_while_a_look_has_no_answer() {
        let mut looking = Looking::<u8>::new();
        looking.begin(pending());
        for message in ['a', 'b'] {
            let later = async {
                yield_now().await;
                message
            };
            assert_eq!(block_on(looking.beside(later, ready(()))), First::Message(message));
        }
    }

    #[test]
    fn a_look_goes_on_over_messages_until_it_has_found_something() {
        let mut looking = Looking::new();
        looking.begin(async {
            yield_now().await;
            7
        });
        assert_eq!(block_on(looking.beside(ready('a'), pending())), First::Message('a'));
        assert_eq!(block_on(looking.beside(pending(), pending())), First::Found(7));
        assert_eq!(block_on(looking.beside(pending(), ready(()))), First::Quiet);
    }

    #[test]
    fn it_is_quiet_only_where_no_message_comes() {
        let mut looking = Looking::new();
        assert_eq!(block_on(looking.beside(ready('a'), ready(()))), First::Message('a'));
        assert_eq!(block_on(looking.beside(pending(), ready(()))), First::Quiet);
    }
}
