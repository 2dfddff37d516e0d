//! Stop strings, also where they lie across the borders of tokens.

/// Text that may still turn out to be the beginning of a stop string waits here.
pub(super) struct StopFilter {
    stops: Vec<String>,
    waiting: String,
    /// What came in one piece with a stop string, behind it.
    beyond: String,
}

impl StopFilter {
    /// `stops` must not hold an empty string.
    pub fn new(stops: Vec<String>) -> Self {
        Self { stops, waiting: String::new(), beyond: String::new() }
    }

    /// Takes `text`; returns what can be shown, and whether a stop string was met (it and all after it are dropped).
    pub fn push(&mut self, text: &str) -> (String, bool) {
        self.waiting.push_str(text);
        let found = |s: &String| self.waiting.find(s.as_str()).map(|at| (at, at + s.len()));
        if let Some((at, end)) = self.stops.iter().filter_map(found).min() {
            self.beyond = self.waiting.split_off(end);
            self.waiting.truncate(at);
            return (std::mem::take(&mut self.waiting), true);
        }
        let from = (0..self.waiting.len()).find(|&i| self.waiting.get(i..).is_some_and(|tail| self.may_begin(tail)));
        let held = self.waiting.split_off(from.unwrap_or(self.waiting.len()));
        (std::mem::replace(&mut self.waiting, held), false)
    }

    fn may_begin(&self, tail: &str) -> bool {
        self.stops.iter().any(|s| s.starts_with(tail))
    }

    /// What came in one piece with a stop string, behind it.
    pub fn beyond(&self) -> &str {
        &self.beyond
    }

    /// What waited, at the end of the text.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that is shown when `text` comes in pieces of `size` characters.
    fn shown(stops: &[&str], text: &str, size: usize) -> (String, bool) {
        let mut filter = StopFilter::new(stops.iter().map(|s| s.to_string()).collect());
        let characters: Vec<char> = text.chars().collect();
        let mut out = String::new();
        for piece in characters.chunks(size) {
            let (part, stopped) = filter.push(&piece.iter().collect::<String>());
            out += &part;
            if stopped {
                return (out, true);
            }
        }
        (out + &filter.finish(), false)
    }

    #[test]
    fn a_stop_string_is_found_however_the_text_is_cut() {
        for size in 1..12 {
            assert_eq!(shown(&["END", "ä\n\n"], "so ENä END of it", size), ("so ENä ".to_string(), true));
            assert_eq!(shown(&["END", "ä\n\n"], "so ä\nä\n\nEND", size), ("so ä\n".to_string(), true));
            assert_eq!(shown(&["END"], "so EN", size), ("so EN".to_string(), false));
            assert_eq!(shown(&[], "anything", size), ("anything".to_string(), false));
            assert_eq!(shown(&["aab"], "aaab", size), ("a".to_string(), true));
        }
    }

    #[test]
    fn text_waits_only_while_it_may_be_a_stop_string() {
        let mut filter = StopFilter::new(vec!["###".into()]);
        assert_eq!(filter.push("a#"), ("a".into(), false));
        assert_eq!(filter.push("#b"), ("##b".into(), false));
    }
}
