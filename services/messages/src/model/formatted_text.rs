//! A text as a tree, from which clients build what they show.

use super::MessageText;

/// A text as blocks, from the top down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormattedText {
    pub(crate) blocks: Vec<Block>,
}

/// A block of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Paragraph(Vec<Inline>),
}

/// A piece within a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inline {
    Text(String),
    LineBreak,
}

/// Parses a source text: blank lines part paragraphs, line ends within a paragraph are line breaks.
///
/// The only place where the tree is made. It depends on the text alone, so that it is made again wherever a message is
/// read and need not be stored. A line end is LF, CRLF or CR; a line of spaces and tabs alone is blank.
pub(crate) fn format(text: &MessageText) -> FormattedText {
    let source = text.as_str().replace("\r\n", "\n").replace('\r', "\n");
    let mut blocks = Vec::new();
    let mut paragraph = Vec::new();
    for line in source.split('\n') {
        if line.trim_matches([' ', '\t']).is_empty() {
            if !paragraph.is_empty() {
                blocks.push(Block::Paragraph(std::mem::take(&mut paragraph)));
            }
            continue;
        }
        if !paragraph.is_empty() {
            paragraph.push(Inline::LineBreak);
        }
        paragraph.push(Inline::Text(line.to_owned()));
    }
    if !paragraph.is_empty() {
        blocks.push(Block::Paragraph(paragraph));
    }
    FormattedText { blocks }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn formatted(text: &str) -> Vec<Block> {
        format(&MessageText::parse(text.to_owned()).expect("a text")).blocks
    }

    fn text(text: &str) -> Inline {
        Inline::Text(text.to_owned())
    }

    #[test]
    fn blank_lines_part_paragraphs() {
        let two = vec![Block::Paragraph(vec![text("one")]), Block::Paragraph(vec![text("two")])];
        for source in ["one\n\ntwo", "\n\none\n \t\n\n\ntwo\n", "one\r\n\r\ntwo", "one\r\rtwo"] {
            assert_eq!(formatted(source), two, "{source:?}");
        }
    }

    #[test]
    fn a_line_end_within_a_paragraph_is_a_line_break() {
        assert_eq!(formatted("a\n  b"), [Block::Paragraph(vec![text("a"), Inline::LineBreak, text("  b")])]);
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(formatted("<b>*no*</b>"), [Block::Paragraph(vec![text("<b>*no*</b>")])]);
    }

    proptest! {
        #[test]
        fn a_tree_is_never_empty_and_within_the_limits_of_the_contract(source in "[a \t\r\n]{0,60}x[a\r\n]{0,3900}") {
            let blocks = formatted(&source);
            prop_assert!((1..=4_000).contains(&blocks.len()));
            for Block::Paragraph(inlines) in blocks {
                prop_assert!((1..=8_000).contains(&inlines.len()));
                let line_ends = inlines.iter().any(|inline| matches!(inline, Inline::Text(text) if text.contains(['\n', '\r'])));
                prop_assert!(!line_ends);
            }
        }
    }
}
