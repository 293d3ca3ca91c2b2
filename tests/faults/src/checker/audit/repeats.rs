//! Repeats: the same request is answered the same, and says so; another one under the same id is not taken.

use super::super::{
    commands::{Attempt, Came},
    counts::Counts,
    interning::NONE,
    survey::Survey,
    violation::{Findings, ViolationKind as Kind},
};

/// Judges the answers to commands that were attempted more than once.
pub(super) fn audit(survey: &Survey, findings: &mut Findings, counts: &mut Counts) {
    let commands = &survey.commands;
    let mut answered: Vec<&Attempt> = commands.attempts.iter().filter(|attempt| attempt.is_placed()).collect();
    answered.sort_by_key(|attempt| (attempt.command, attempt.answered));
    for of_one in answered.chunk_by(|one, other| one.command == other.command) {
        one_command(survey, of_one, findings);
        counts.repeats += of_one.iter().filter(|attempt| attempt.is_repeat).count() as u64;
    }
    count_repeats_within(survey, counts);
    one_thing_each(survey, &answered, findings);
}

/// The answers to one command, in the order of their times.
fn one_command(survey: &Survey, answers: &[&Attempt], findings: &mut Findings) {
    let command = &survey.commands.commands[answers[0].command as usize];
    let room = Some(command.room);
    // Of answers that agree, the first, the first that is called new, and nothing else matters to later ones.
    for (index, later) in answers.iter().enumerate() {
        let reached =
            |earlier: &&&Attempt| survey.lives.reaches((earlier.life_answered, earlier.answered), later.life_answered);
        let earlier = || answers[..index].iter().filter(reached);
        let Some(first) = earlier().next() else { continue };
        let lines = [first.line_answered, later.line_invoked, later.line_answered];
        let times_differ = matches!((first.create_time, later.create_time), (Some(one), Some(other)) if one != other);
        if (first.seq, first.message) != (later.seq, later.message) || times_differ {
            findings.add(Kind::RepeatDiffers, room, &lines, || {
                format!("one request was answered with {} and with {}", first.seq, later.seq)
            });
        } else if first.answered < later.invoked && !later.is_repeat {
            findings.add(Kind::RepeatUnmarked, room, &lines, || {
                format!("the repeat of what stands at {} is not called one", first.seq)
            });
        } else if !later.is_repeat && earlier().any(|answer| !answer.is_repeat) {
            findings.add(Kind::RepeatUnmarked, room, &lines, || {
                format!("two answers say that they are the first at {}", first.seq)
            });
        }
    }
}

/// Of two things under one `request_id` only one is taken.
fn one_thing_each(survey: &Survey, answered: &[&Attempt], findings: &mut Findings) {
    let commands = &survey.commands;
    let first_of = |command: u32| {
        let from = answered.partition_point(|attempt| attempt.command < command);
        answered.get(from).copied().filter(|attempt| attempt.command == command)
    };
    for (index, command) in (0..).zip(&commands.commands) {
        let Some(one) = (command.other != NONE).then(|| first_of(index)).flatten() else { continue };
        for other in commands.chain(command.other).filter_map(first_of) {
            let (earlier, later) = if one.answered < other.answered { (one, other) } else { (other, one) };
            if survey.lives.reaches((earlier.life_answered, earlier.answered), later.life_answered) {
                findings.add(
                    Kind::ReuseAccepted,
                    Some(command.room),
                    &[earlier.line_invoked, later.line_invoked],
                    || format!("one request id was taken for {} and for {}", earlier.seq, later.seq),
                );
            }
        }
    }
}

fn count_repeats_within(survey: &Survey, counts: &mut Counts) {
    let mut attempts = vec![0_u32; survey.commands.commands.len()];
    for attempt in &survey.commands.attempts {
        attempts[attempt.command as usize] += 1;
    }
    let asked_once = |attempt: &&Attempt| attempt.came == Came::Written && attempts[attempt.command as usize] == 1;
    let once = survey.commands.attempts.iter().filter(asked_once);
    counts.repeats_within = once.filter(|attempt| attempt.is_repeat).count() as u64;
}
