//! Counting how many of the asked things are there.

use std::fmt;

use serde_json::{Map, Value, json};

/// Named shares, in the order in which they were first met.
#[derive(Default)]
pub struct Scores(Vec<(&'static str, usize, usize)>);

impl Scores {
    /// One case of the measure `name`: `right` or not.
    pub fn add(&mut self, name: &'static str, right: bool) {
        if let Some(row) = self.0.iter_mut().find(|row| row.0 == name) {
            row.1 += usize::from(right);
            row.2 += 1;
        } else {
            self.0.push((name, usize::from(right), 1));
        }
    }

    /// `{"place": {"right": 9, "of": 10, "share": 0.9}, …}`.
    pub fn to_json(&self) -> Value {
        let row = |&(name, right, of): &(&str, usize, usize)| {
            (name.to_string(), json!({ "right": right, "of": of, "share": right as f64 / of as f64 }))
        };
        Value::Object(self.0.iter().map(row).collect::<Map<_, _>>())
    }

    /// Right and all cases of a measure.
    #[cfg(test)]
    pub fn get(&self, name: &str) -> Option<(usize, usize)> {
        self.0.iter().find(|row| row.0 == name).map(|row| (row.1, row.2))
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, right, of) in &self.0 {
            let share = 100.0 * *right as f64 / *of as f64;
            writeln!(f, "  {name:<32} {share:5.1} %  ({right} of {of})")?;
        }
        Ok(())
    }
}
