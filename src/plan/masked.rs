//! A view with its free text changed: what must not be written is masked before text is cut, folded or escaped.
//!
//! Knows only the shape of [`PlanView`]; what the change is comes from outside. Every field is named here, so that one
//! that is added can't be passed over.

use super::critical::{Expected, PathStep, RoundTime};
use super::foreseen::{ForecastView, LeftOutView, ProbedView};
use super::view::{
    BatchView, BlockSteps, BlockView, BlockWhat, ChangesView, HomeView, ItemWhat, PlanView, RepeatView, RoundView, StepsView, TaskView,
    UserView, WaitView, What,
};
use crate::diag::Location;
use crate::event::Difference;

/// Changes a text in place.
type Change<'a> = &'a dyn Fn(&mut String);

impl PlanView {
    /// Changes every text of the view that comes from a playbook, an inventory or a variable.
    pub fn change_text(&mut self, change: Change<'_>) {
        let PlanView { format: _, playbook_id, playbook, lock_hosts: _, rounds, counts: _, expected, probed } = self;
        change(playbook_id);
        change(playbook);
        rounds.iter_mut().for_each(|round| of_round(round, change));
        if let Some(ProbedView { answers: _, unreachable }) = probed {
            unreachable.iter_mut().for_each(|left_out| of_left_out(left_out, change));
        }
        if let Some(Expected { duration_ms: _, runs: _, tasks: _, unknown_tasks: _, rounds, path }) = expected {
            rounds.iter_mut().for_each(|RoundTime { id, duration_ms: _ }| change(id));
            for PathStep { round, task, host, duration_ms: _ } in path {
                [round].into_iter().chain(task).chain(host).for_each(change);
            }
        }
    }
}

fn of_round(round: &mut RoundView, change: Change<'_>) {
    let RoundView {
        id,
        name,
        place,
        hosts,
        waits,
        after: _,
        when,
        batches,
        pause_ms: _,
        max_failures: _,
        max_wait_ms: _,
        skip_unreachable: _,
        confirm,
        chosen_by,
        tasks,
        blocks,
        changes,
        left_out,
    } = round;
    left_out.iter_mut().for_each(|left_out| of_left_out(left_out, change));
    [id, name].into_iter().for_each(change);
    of_place(place, change);
    hosts.iter_mut().chain(when).chain(confirm).chain(chosen_by).for_each(change);
    waits.iter_mut().for_each(|wait| of_wait(wait, change));
    for BatchView { hosts, percent: _ } in batches {
        hosts.iter_mut().for_each(change);
    }
    if let Some(ChangesView { steps: _, hosts, users }) = changes {
        hosts.iter_mut().for_each(change);
        for UserView { user, steps: _, hosts } in users {
            hosts.iter_mut().chain([user]).for_each(change);
        }
    }
    tasks.iter_mut().for_each(|task| of_task(task, change));
    blocks.iter_mut().for_each(|block| of_block(block, change));
}

fn of_left_out(LeftOutView { hosts, reason }: &mut LeftOutView, change: Change<'_>) {
    hosts.iter_mut().chain([reason]).for_each(change);
}

pub(super) fn of_forecast(forecast: &mut ForecastView, change: Change<'_>) {
    let ForecastView { hosts, answer: _, until, now: _, reason, differences } = forecast;
    hosts.iter_mut().chain(until).chain(reason).for_each(change);
    for Difference { what: _, from, to, diff } in differences {
        from.iter_mut().chain(to).chain(diff).for_each(change);
    }
}

fn of_block(block: &mut BlockView, change: Change<'_>) {
    let BlockView { id, name, place, home, action, waits, when, repeat, allow_failure: _, steps } = block;
    id.iter_mut().chain([name]).chain(action).chain(when).for_each(change);
    of_place(place, change);
    of_home(home);
    waits.iter_mut().for_each(|wait| of_wait(wait, change));
    of_repeat(repeat, change);
    for BlockSteps { hosts, what } in steps {
        hosts.iter_mut().for_each(change);
        let BlockWhat { skipped_by, inputs, items, known_after } = what;
        skipped_by.iter_mut().chain(items.iter_mut().flatten()).chain(known_after).for_each(change);
        inputs.iter_mut().flat_map(|(name, value)| [name, value]).for_each(change);
    }
}

fn of_task(task: &mut TaskView, change: Change<'_>) {
    let TaskView {
        id,
        name,
        verb: _,
        place,
        waits,
        read_only: _,
        allow_failure: _,
        once: _,
        timeout_ms: _,
        when,
        home,
        repeat,
        notify,
        lock,
        throttle: _,
        sensitive: _,
        durable: _,
        tags,
        left_out,
        shell,
        changed,
        failed,
        steps,
        forecasts,
    } = task;
    forecasts.iter_mut().for_each(|forecast| of_forecast(forecast, change));
    id.iter_mut().chain([name]).chain(when).chain(notify).chain(lock).chain(tags).for_each(change);
    left_out.iter_mut().chain(shell).chain(changed).chain(failed).for_each(change);
    of_place(place, change);
    of_home(home);
    waits.iter_mut().for_each(|wait| of_wait(wait, change));
    of_repeat(repeat, change);
    for StepsView { hosts, what } in steps {
        hosts.iter_mut().for_each(change);
        of_what(what, change);
    }
}

pub(super) fn of_what(what: &mut What, change: Change<'_>) {
    let What { skipped_by, command, items, guards, on, become_user, become_method: _, cwd, env, stdin, umask, content, known_after } = what;
    skipped_by.iter_mut().chain([command]).chain(guards).chain(on).chain(known_after).for_each(change);
    become_user.iter_mut().chain(cwd).chain(stdin).chain(umask).chain(content).for_each(change);
    env.iter_mut().flat_map(|(name, value)| [name, value]).for_each(change);
    for ItemWhat { item, command, skipped_by } in items.iter_mut().flatten() {
        [item, command].into_iter().chain(skipped_by).for_each(change);
    }
}

fn of_wait(wait: &mut WaitView, change: Change<'_>) {
    let WaitView { on, why: _, place, at: _ } = wait;
    change(on);
    place.iter_mut().for_each(|place| of_place(place, change));
}

fn of_repeat(repeat: &mut RepeatView, change: Change<'_>) {
    let RepeatView { each, r#as, each_parallel: _, retries: _, delay_ms: _, backoff: _, until } = repeat;
    each.iter_mut().chain(r#as).chain(until).for_each(change);
}

fn of_place(place: &mut Location, change: Change<'_>) {
    let Location { file, line: _, column: _ } = place;
    change(file);
}

/// Only numbers and words of ours.
fn of_home(home: &HomeView) {
    let HomeView { section: _, block: _, part: _ } = home;
}
