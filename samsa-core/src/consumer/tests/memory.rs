//! The budget of one reader.

use super::*;

#[test]
fn memory_that_is_full_holds_fetches_back_until_some_is_given_back() {
    let mut model = Model::start(&[1]);
    let records = batch(0, 500);
    let fetch =
        FetchConfig { buffer_bytes: records.len() + 4_000, response_bytes: 3_000, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let asked = model.asked();
    model.sends_until_paused::<FetchRequest<'_>>(&asked, &fetched(vec![data(0, &records)]));
    assert!(model.is_quiet(), "nothing fits beside what is buffered");
    assert!(reader.held_bytes() >= records.len());

    assert_eq!(span(&mut reader), (0, 0, 500));
    assert!(polls(&mut reader).is_pending());
    assert!(model.rings());
    assert_eq!(wants(&model.asked()), [(0, 500)]);
}

#[test]
fn an_application_that_keeps_everything_still_gets_one_more_response_when_it_waits() {
    let mut model = Model::start(&[1]);
    let fetch = FetchConfig { buffer_bytes: 100, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    assert!(model.is_quiet(), "no response fits");
    let mut kept = Vec::new();
    for offset in 0..5 {
        assert!(polls(&mut reader).is_pending());
        assert!(model.rings());
        let asked = model.asked();
        brings(&mut model, &asked, vec![data(0, &batch(offset, 1))]);
        assert!(model.is_quiet());
        let Poll::Ready(Some(Ok(chunk))) = polls(&mut reader) else { panic!("nothing came") };
        kept.push(chunk);
    }
    assert!(reader.held_bytes() > 100);
}

#[test]
fn a_response_that_is_longer_than_was_asked_is_read_when_there_is_room_or_nothing_else() {
    let mut model = Model::start(&[1]);
    let fetch = FetchConfig { buffer_bytes: 6_000, response_bytes: 100, ..FetchConfig::default() };
    let mut reader = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let large = batch(0, 3_000);
    assert!(large.len() > 16 << 10);
    let asked = model.asked();
    let rest = model.sends_until_paused::<FetchRequest<'_>>(&asked, &fetched(vec![data(0, &large)]));
    assert!(!rest.is_empty(), "there is no room");

    assert!(polls(&mut reader).is_pending());
    assert!(model.rings());
    model.sends_rest(&asked, &rest);
    assert_eq!(span(&mut reader), (0, 0, 3_000));
}

#[test]
fn a_response_that_waits_unread_for_one_reader_does_not_hold_up_another() {
    let mut model = Model::start(&[1]);
    let fetch = FetchConfig { buffer_bytes: 6_000, response_bytes: 100, ..FetchConfig::default() };
    let _first = opened(&mut model, ReaderSpec { fetch, ..spec(Offset::Exact(0)) });
    let mut second = opened(&mut model, spec(Offset::Exact(0)));
    let (to_first, to_second) = (model.asked(), model.asked());
    let large = batch(0, 3_000);
    let rest = model.sends_until_paused::<FetchRequest<'_>>(&to_first, &fetched(vec![data(0, &large)]));
    assert!(!rest.is_empty());

    brings(&mut model, &to_second, vec![data(0, &batch(0, 1))]);
    assert_eq!(span(&mut second), (0, 0, 1));
}
