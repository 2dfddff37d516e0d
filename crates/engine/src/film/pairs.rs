//! Verbs that only some things go with: nobody reads a cake.

/// A verb in its forms (infinitive, third person, past, gerund), the things that go with it, and the verb, in the same forms,
/// that any thing goes with.
struct Pair {
    forms: [&'static str; 4],
    props: &'static [&'static str],
    instead: [&'static str; 4],
}

/// Words from a verb to its thing, at most.
const REACH: usize = 3;

const SIT: [&str; 4] = ["sit with", "sits with", "sat with", "sitting with"];
const RUN: [&str; 4] = ["run with", "runs with", "ran with", "running with"];
const FLY: [&str; 4] = ["fly with", "flies with", "flew with", "flying with"];
const HOLD: [&str; 4] = ["hold", "holds", "held", "holding"];
const FOOD: &[&str] = &["apple", "cake", "mushroom"];
const LIGHT: &[&str] = &["ball", "balloon", "kite", "star", "apple"];

const PAIRS: [Pair; 8] = [
    Pair { forms: ["eat", "eats", "ate", "eating"], props: FOOD, instead: SIT },
    Pair { forms: ["taste", "tastes", "tasted", "tasting"], props: FOOD, instead: SIT },
    Pair { forms: ["read", "reads", "read", "reading"], props: &["book"], instead: SIT },
    Pair { forms: ["kick", "kicks", "kicked", "kicking"], props: &["ball"], instead: RUN },
    Pair { forms: ["fly", "flies", "flew", "flying"], props: &["kite"], instead: FLY },
    Pair { forms: ["chase", "chases", "chased", "chasing"], props: LIGHT, instead: RUN },
    Pair { forms: ["open", "opens", "opened", "opening"], props: &["gift", "book", "umbrella"], instead: HOLD },
    Pair { forms: ["catch", "catches", "caught", "catching"], props: LIGHT, instead: HOLD },
];

fn pair(verb: &str) -> Option<(&'static Pair, usize)> {
    PAIRS.iter().find_map(|pair| Some((pair, pair.forms.iter().position(|form| *form == verb)?)))
}

/// The thing that `verb` asks for, in the place of one that does not go with it; none where it goes.
pub(super) fn wanted(verb: &str, prop: &str) -> Option<&'static str> {
    let (pair, _) = pair(verb)?;
    pair.props.first().copied().filter(|_| !pair.props.contains(&prop))
}

/// What is done with `prop` where `verb` does not go with it.
pub(super) fn instead(verb: &str, prop: &str) -> Option<&'static str> {
    let (pair, form) = pair(verb)?;
    pair.instead.get(form).copied().filter(|_| !pair.props.contains(&prop))
}

/// Whether an idea says that `verb` is done with `prop`.
pub(super) fn asked(idea: &str, verb: &str, prop: &str) -> bool {
    let Some((pair, _)) = pair(verb) else { return false };
    let words: Vec<&str> = idea.split(' ').collect();
    let leads = |word: &str| {
        matches!(word, "in" | "on" | "at" | "by" | "to" | "with" | "from" | "under" | "near" | "for" | "of")
    };
    let follows =
        |at: usize| words.iter().skip(at + 1).take(REACH).take_while(|word| !leads(word)).any(|word| *word == prop);
    words.iter().enumerate().any(|(at, word)| pair.forms.contains(word) && follows(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_ask_for_things_that_go_with_them() {
        assert_eq!(
            [wanted("reads", "gift"), wanted("reads", "book"), wanted("finds", "gift")],
            [Some("book"), None, None]
        );
        assert_eq!(instead("eating", "book"), Some("sitting with"));
        assert!(
            asked("a dog eats a big book", "eat", "book") && !asked("a dog eats near a very big book", "eat", "book")
        );
    }
}
