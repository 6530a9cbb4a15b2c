//! Arrays: a count, then the elements.

use super::text::{least_length, length, not_null, put_length};
use super::{Decode, DecodeFault, Describe, Encode, EncodeFault, Kind, Parsed, Sink, Step, Version};

impl<'a, T: Decode<'a>> Decode<'a> for Option<Vec<T>> {
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self> {
        let (mut rest, count) = match length(input, at)? {
            (rest, Some(count)) => (rest, count),
            (rest, None) => return Ok((rest, None)),
        };
        let most = rest.len() / T::least(at);
        if count > most {
            return DecodeFault::err(
                input,
                format!("at most {most} elements in {} bytes, found {count}", rest.len()),
            );
        }
        let mut elements = Vec::with_capacity(count);
        for index in 0..count {
            let (after, element) =
                T::decode(rest, at).map_err(|error| error.map(|fault| fault.within(Step::Element(index))))?;
            elements.push(element);
            rest = after;
        }
        Ok((rest, Some(elements)))
    }

    fn least(at: Version) -> usize {
        least_length(at)
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Vec<T> {
    fn decode(input: &'a [u8], at: Version) -> Parsed<'a, Self> {
        not_null(input, Decode::decode(input, at))
    }

    fn least(at: Version) -> usize {
        least_length(at)
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        put_length(Some(self.len()), at, sink)?;
        for (index, element) in self.iter().enumerate() {
            element.encode(at, sink).map_err(|fault| fault.within(Step::Element(index)))?;
        }
        Ok(())
    }
}

impl<T: Encode> Encode for Option<Vec<T>> {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        match self {
            Some(elements) => elements.encode(at, sink),
            None => put_length(None, at, sink),
        }
    }
}

impl<T: Describe> Describe for Vec<T> {
    const KIND: Kind = Kind::Array(&T::KIND);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Version = Version { number: 0, flexible: false };
    const COMPACT: Version = Version { number: 0, flexible: true };

    #[test]
    fn a_list_is_its_count_and_its_elements() {
        let list = vec![1_i16, -1];
        let mut plain = Vec::new();
        list.encode(PLAIN, &mut plain).expect("a list");
        assert_eq!(plain, [0, 0, 0, 2, 0, 1, 0xff, 0xff]);
        assert_eq!(Vec::<i16>::decode(&plain, PLAIN).expect("a list").1, list);
        assert_eq!(Vec::<i16>::decode(&[3, 0, 1, 0xff, 0xff], COMPACT).expect("a list").1, list);
        assert_eq!(<Option<Vec<i16>>>::decode(&[0], COMPACT).expect("a list").1, None);
    }

    #[test]
    fn a_count_that_the_bytes_left_cannot_hold_is_refused_before_anything_is_reserved() {
        let bytes = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1];
        assert!(Vec::<i64>::decode(&bytes, PLAIN).is_err());
        assert!(Vec::<i64>::decode(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1], COMPACT).is_err());
    }
}
