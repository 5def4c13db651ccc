//! The order in which devices are begun.

use std::cmp::Reverse;
use std::time::Duration;

use netsweep_shared::job::JobId;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::known::{Health, Known, durations};
use crate::dispatch::JobSpec;

/// Durations within a factor of 2^(1/STEPS) count as equal.
const STEPS: f64 = 4.0;

/// The order of `jobs`, of which earlier runs tell `known` (as long as `jobs`, or empty).
///
/// Shuffled with `seed`, and then longest first, but so that equals stay shuffled. A job in a limited group
/// is as urgent as its group, which takes at least the sum of its jobs divided by its limit in `group_limits`.
/// Before the first job of a credential, or of a way of jump hosts, comes the one of its jobs that ended well
/// and soonest: all others wait until it is let in.
pub fn longest_first(
    jobs: &[JobSpec],
    group_limits: &[u32],
    known: &[Option<Known>],
    seed: u64,
) -> Vec<JobId> {
    let mut order: Vec<JobId> = (0..jobs.len() as u32).map(JobId).collect();
    // Neighbours in an inventory are often neighbours in a rack, behind one line.
    order.shuffle(&mut StdRng::seed_from_u64(seed));
    if known.len() != jobs.len() || known.iter().all(Option::is_none) {
        return order;
    }
    if let Some(took) = durations(known) {
        let lines = lines(jobs, group_limits, &took);
        order.sort_by_cached_key(|job| {
            let own = took[job.index()];
            let groups = jobs[job.index()].groups.iter().filter_map(|group| lines.get(usize::from(*group)));
            let urgency = groups.copied().fold(own, Duration::max);
            Reverse((step(urgency), step(own)))
        });
    }
    Canaries::choose(&order, jobs, known).first(&order, jobs)
}

/// What each limited group takes at least.
fn lines(jobs: &[JobSpec], limits: &[u32], took: &[Duration]) -> Vec<Duration> {
    let mut totals = vec![Duration::ZERO; limits.len()];
    for (job, took) in jobs.iter().zip(took) {
        for group in &job.groups {
            if let Some(total) = totals.get_mut(usize::from(*group)) {
                *total = total.saturating_add(*took);
            }
        }
    }
    totals.iter().zip(limits).map(|(total, limit)| *total / (*limit).max(1)).collect()
}

/// Which of the steps of about a fifth `duration` is on.
fn step(duration: Duration) -> i64 {
    let millis = (duration.as_secs_f64() * 1000.0).max(1.0);
    (millis.log2() * STEPS) as i64
}

/// The best job to log in with first: for each credential, and for each way.
struct Canaries {
    credentials: Vec<Option<JobId>>,
    ways: Vec<Option<JobId>>,
}

impl Canaries {
    /// The best is who ended well, then of whom nothing is known; of these the quickest; of these the first
    /// in `order`.
    fn choose(order: &[JobId], jobs: &[JobSpec], known: &[Option<Known>]) -> Self {
        let mut ranked = order.to_vec();
        ranked.sort_by_key(|job| match known[job.index()] {
            Some(Known { took, health: Health::Well }) => (0, took),
            None => (1, Duration::ZERO),
            Some(Known { took, health: Health::Failed }) => (2, took),
            Some(Known { took, health: Health::Refused }) => (3, took),
        });
        let count = |number: fn(&JobSpec) -> Option<u32>| {
            jobs.iter().filter_map(number).max().map_or(0, |last| last as usize + 1)
        };
        let mut all =
            Self { credentials: vec![None; count(|it| it.credential)], ways: vec![None; count(|it| it.way)] };
        for job in ranked {
            for canary in all.of(&jobs[job.index()]) {
                canary.get_or_insert(job);
            }
        }
        all
    }

    /// Those of `spec`.
    fn of(&mut self, spec: &JobSpec) -> impl Iterator<Item = &mut Option<JobId>> {
        let credential = spec.credential.and_then(|number| self.credentials.get_mut(number as usize));
        let way = spec.way.and_then(|number| self.ways.get_mut(number as usize));
        credential.into_iter().chain(way)
    }

    /// `order`, but each canary comes before the first for whom it has to go.
    fn first(mut self, order: &[JobId], jobs: &[JobSpec]) -> Vec<JobId> {
        let mut first = Vec::with_capacity(order.len());
        let mut is_placed = vec![false; order.len()];
        for &job in order {
            // Who has to go first may itself have to wait for another, which is then better than it: so
            // this comes to an end.
            let mut chain = vec![job];
            while let Some(&next) = chain.last() {
                let before = self.of(&jobs[next.index()]).find_map(|canary| canary.take());
                if let Some(before) = before {
                    chain.push(before);
                } else {
                    chain.pop();
                    if !std::mem::replace(&mut is_placed[next.index()], true) {
                        first.push(next);
                    }
                }
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::RngExt;

    use super::super::schedule::makespan;
    use super::*;

    fn known(health: Health, millis: u64) -> Option<Known> {
        Some(Known { took: Duration::from_millis(millis), health })
    }

    fn numbers(order: &[JobId]) -> Vec<u32> {
        order.iter().map(|job| job.0).collect()
    }

    struct World {
        jobs: Vec<JobSpec>,
        limits: Vec<u32>,
        known: Vec<Option<Known>>,
    }

    impl World {
        fn any(chance: &mut StdRng, grouped: bool) -> Self {
            let count = chance.random_range(1..400);
            let (credentials, ways) = (chance.random_range(1..12), chance.random_range(1..5));
            let limits: Vec<u32> =
                (0..if grouped { 3 } else { 0 }).map(|_| chance.random_range(1..20)).collect();
            let mut job = |_| JobSpec {
                groups: (0..limits.len() as u16).filter(|_| chance.random_bool(0.3)).collect(),
                credential: chance.random_bool(0.9).then(|| chance.random_range(0..credentials)),
                way: chance.random_bool(0.5).then(|| chance.random_range(0..ways)),
                ..JobSpec::default()
            };
            let jobs = (0..count).map(&mut job).collect();
            let mut one = |_| match chance.random_range(0..20) {
                0 | 1 => None,
                2 => known(Health::Refused, chance.random_range(1..100)),
                3 => known(Health::Failed, chance.random_range(1..20_000)),
                _ => known(Health::Well, chance.random_range(100..2000)),
            };
            Self { known: (0..count).map(&mut one).collect(), jobs, limits }
        }

        fn order(&self, seed: u64) -> Vec<JobId> {
            longest_first(&self.jobs, &self.limits, &self.known, seed)
        }

        /// How well a job serves as the first, the best being least.
        fn rank(&self, job: JobId) -> (u8, Duration) {
            match self.known[job.index()] {
                Some(Known { took, health: Health::Well }) => (0, took),
                None => (1, Duration::ZERO),
                Some(Known { took, health: Health::Failed }) => (2, took),
                Some(Known { took, health: Health::Refused }) => (3, took),
            }
        }
    }

    fn worlds(grouped: bool) -> impl Iterator<Item = (u64, World)> {
        (0..300).map(move |seed| (seed, World::any(&mut StdRng::seed_from_u64(seed), grouped)))
    }

    #[test]
    fn every_job_comes_once_and_the_seed_decides() {
        let mut differ = 0;
        for (seed, world) in worlds(true) {
            let order = world.order(seed);
            let all: BTreeSet<JobId> = order.iter().copied().collect();
            assert_eq!((order.len(), all.len()), (world.jobs.len(), world.jobs.len()), "world {seed}");
            assert_eq!(order, world.order(seed), "world {seed}");
            differ += u32::from(order != world.order(seed + 1));
        }
        assert!(differ > 200, "chance has no part in it: {differ}");
    }

    #[test]
    fn the_first_with_a_login_and_on_a_way_is_the_best_there_is() {
        for (seed, world) in worlds(true) {
            let order = world.order(seed);
            for number in [|spec: &JobSpec| spec.credential, |spec: &JobSpec| spec.way] {
                for guard in world.jobs.iter().filter_map(number).collect::<BTreeSet<u32>>() {
                    let mut its = order.iter().filter(|job| number(&world.jobs[job.index()]) == Some(guard));
                    let first = its.next().map(|job| world.rank(*job));
                    assert!(its.all(|job| Some(world.rank(*job)) >= first), "world {seed}, guard {guard}");
                }
            }
        }
    }

    #[test]
    fn longer_ones_come_first_up_to_a_step_and_but_for_those_who_try_a_login() {
        for (seed, world) in worlds(false) {
            let Some(took) = durations(&world.known) else { continue };
            // At most one for each credential and each way.
            let guards = |number: fn(&JobSpec) -> Option<u32>| {
                world.jobs.iter().filter_map(number).collect::<BTreeSet<u32>>().len()
            };
            let most = guards(|spec| spec.credential) + guards(|spec| spec.way);
            let order = world.order(seed);
            let mut longest_to_come = Duration::ZERO;
            let out_of_turn = order.iter().rev().filter(|job| {
                let own = took[job.index()];
                longest_to_come = longest_to_come.max(own);
                own.as_secs_f64() * 2f64.powf(1.0 / STEPS) * 1.001 < longest_to_come.as_secs_f64()
            });
            let out_of_turn = out_of_turn.count();
            assert!(out_of_turn <= most, "world {seed}: {out_of_turn} of {most}");
        }
    }

    #[test]
    fn nothing_known_leaves_everything_to_chance() {
        let jobs = vec![JobSpec { credential: Some(0), ..JobSpec::default() }; 50];
        let order = |known: &[Option<Known>], seed| numbers(&longest_first(&jobs, &[], known, seed));
        let shuffled = order(&[], 7);
        assert_eq!(shuffled, order(&[None; 50], 7));
        assert_ne!(shuffled, order(&[], 8));
        assert!(!shuffled.is_sorted());
        assert_eq!(longest_first(&[], &[], &[], 7), []);
        // Equals stay in that order.
        let equal = order(&[known(Health::Well, 100); 50], 7);
        assert_eq!(equal, shuffled);
    }

    #[test]
    fn the_dead_come_first_but_for_one_that_is_known_to_answer() {
        let mut all = vec![known(Health::Well, 300); 20];
        all[4] = known(Health::Failed, 20_500);
        all[9] = known(Health::Well, 120);
        all[17] = known(Health::Failed, 9000);
        let jobs = vec![JobSpec { credential: Some(0), ..JobSpec::default() }; 20];
        assert_eq!(numbers(&longest_first(&jobs, &[], &all, 1))[..3], [9, 4, 17]);
        // Where every device has a login of its own, none has to wait for another.
        let own = |n| JobSpec { credential: Some(n), ..JobSpec::default() };
        let jobs: Vec<JobSpec> = (0..20).map(own).collect();
        let order = numbers(&longest_first(&jobs, &[], &all, 1));
        assert_eq!((&order[..2], order[19]), (&[4, 17][..], 9));
    }

    /// The group takes 10 s whoever else is done when.
    #[test]
    fn a_limited_group_is_as_urgent_as_it_is_slow() {
        let mut jobs = vec![JobSpec::default(); 30];
        for job in &mut jobs[20..] {
            job.groups = Box::new([0]);
        }
        let mut all = vec![known(Health::Well, 1000); 30];
        all[3] = known(Health::Failed, 20_000);
        all[25] = known(Health::Well, 2000);
        let order = numbers(&longest_first(&jobs, &[1], &all, 1));
        assert_eq!(order[..2], [3, 25]);
        assert!(order[2..11].iter().all(|number| *number >= 20), "{order:?}");
        // A limit that does not bind is none.
        let order = numbers(&longest_first(&jobs, &[50], &all, 1));
        assert!(order[2..11].iter().any(|number| *number < 20), "{order:?}");
    }

    /// Steps and those who try a login cost little: Graham's bound for longest first still holds.
    #[test]
    fn the_makespan_is_near_the_least_possible() {
        let mut worse = 0;
        for seed in 0..200 {
            let mut chance = StdRng::seed_from_u64(seed);
            let sessions: u64 = chance.random_range(1..40);
            let jobs = vec![JobSpec { credential: Some(0), ..JobSpec::default() }; sessions as usize * 10];
            let mut one = |_| match chance.random_range(0..50) {
                0 => known(Health::Failed, 10_000),
                _ => known(Health::Well, chance.random_range(200..1500)),
            };
            let all: Vec<_> = (0..jobs.len()).map(&mut one).collect();
            let took = durations(&all).expect("known");
            let makespan_of = |known: &[Option<Known>]| {
                let order = longest_first(&jobs, &[], known, seed);
                makespan(order.iter().map(|job| took[job.index()]), sessions)
            };
            let total: Duration = took.iter().sum();
            let least = took.iter().max().copied().unwrap_or_default().max(total / sessions as u32);
            let ours = makespan_of(&all);
            assert!(ours <= least * 4 / 3, "seed {seed}: {ours:?}, and {least:?} is possible at best");
            worse += u32::from(makespan_of(&[]) > ours);
        }
        assert!(worse > 120, "chance alone does as well: worse in {worse} of 200");
    }
}
