//! Which characters of a name others see.

/// Returns whether a character shows: is no space, no control character, and none that a font draws as nothing (Unicode's
/// `Default_Ignorable_Code_Point`, the marks of annotations, and the blank of Braille).
pub(super) fn shows(character: char) -> bool {
    let draws_nothing = matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    !(draws_nothing || character.is_whitespace() || character.is_control())
}

/// Returns whether a character turns the direction of writing (Unicode's `Bidi_Control`), by which a name can pass for another,
/// and can turn what stands beside it.
pub(super) fn turns_writing(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_shows() {
        for character in ['a', '.', 'Ł', '中', 'ع', '\u{301}', '🦀'] {
            assert!(shows(character), "{character:?}");
        }
        for character in
            [' ', '\u{85}', '\u{a0}', '\u{200b}', '\u{200d}', '\u{2028}', '\u{202e}', '\u{3000}', '\u{3164}']
        {
            assert!(!shows(character), "{character:?}");
        }
    }
}
