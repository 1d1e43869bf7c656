//! Times and durations as people read and write them: the words that every tool has, under a short name here.

pub(crate) use decision::moment::{Given, date_time, given, length, relative, time_of_day, typed, utc};

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn what_is_printed_to_be_typed_can_be_read_again() {
        for seconds in [1, 59, 60, 5400, 14_400, 3_661] {
            let length = SignedDuration::from_secs(seconds);
            assert_eq!(crate::args::value::span(&typed(length)), Ok(length));
        }
    }
}
