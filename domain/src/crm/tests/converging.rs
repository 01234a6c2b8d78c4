//! Both sides change at random; notifications are lost, doubled and late; answers are lost; a CRM keeps texts in forms
//! of its own. In the end both sides agree or a person is asked, and nothing goes to and fro.

use proptest::prelude::*;

use super::*;

const FIELDS: [Field; 5] = [
    Field::FirstName,
    Field::LastName,
    Field::Phone,
    Field::Email,
    Field::DoNotCall,
];

const NO_NUMBER: &str = "ask at the desk";

/// What happens next, each at a later time, or in the same second.
#[derive(Debug, Clone)]
enum Act {
    WeChange(Field, Option<&'static str>),
    TheyChange(Field, Option<&'static str>),
    /// The contact is looked at, for whatever reason: a notification, a doubled one, a change of ours. Somebody may
    /// change a field between our reading and our writing; the answer to our write may be lost.
    Look {
        meanwhile: Option<(Field, &'static str)>,
        answer_lost: bool,
    },
    Tick,
}

fn texts(field: Field) -> &'static [&'static str] {
    match field.kind() {
        Kind::Text => &["Ann", "Bea", "Cleopatra Philopator", "ann"],
        Kind::Number => &["07700 900123", "+447700900124", NO_NUMBER],
        Kind::Email => &["a@x.example", "B@x.example"],
        Kind::Flag => &["true"],
    }
}

fn changes() -> impl Strategy<Value = (Field, Option<&'static str>)> {
    prop::sample::select(&FIELDS).prop_flat_map(|field| {
        let text = prop::sample::select(texts(field));
        (Just(field), prop::option::weighted(0.8, text))
    })
}

fn acts() -> impl Strategy<Value = Act> {
    let meanwhile = prop::option::weighted(
        0.3,
        changes().prop_map(|(field, text)| (field, text.unwrap_or("Late"))),
    );
    prop_oneof![
        3 => changes().prop_map(|(field, text)| Act::WeChange(field, text)),
        3 => changes().prop_map(|(field, text)| Act::TheyChange(field, text)),
        4 => (meanwhile, prop::bool::weighted(0.2))
            .prop_map(|(meanwhile, answer_lost)| Act::Look { meanwhile, answer_lost }),
        2 => Just(Act::Tick),
    ]
}

fn settings() -> impl Strategy<Value = Crm> {
    let rule = prop::sample::select(Rule::ALL);
    (rule, prop::sample::select(Cleared::ALL)).prop_map(|(rule, cleared)| crm(rule, cleared))
}

struct World {
    crm: Crm,
    second: i64,
    ours: Ours,
    record: Record,
    link: Link,
    pushes: usize,
    /// The CRM cuts names to so many characters and writes addresses small.
    longest: usize,
}

impl World {
    fn new(crm: Crm, longest: usize) -> World {
        World {
            crm,
            second: 0,
            ours: Ours::default(),
            record: Record {
                id: "1".parse().unwrap(),
                version: Version::default(),
                values: Values::default(),
            },
            link: Link::default(),
            pushes: 0,
            longest,
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::WeChange(field, text) => {
                self.ours.values.set(*field, *text);
                self.ours.changed_at.insert(*field, at(self.second));
            }
            Act::TheyChange(field, text) => {
                // Its own form keeps nobody without a last name.
                if text.is_some() || !field.is_needed() {
                    self.save(*field, *text, "person");
                }
            }
            Act::Look {
                meanwhile,
                answer_lost,
            } => self.look(*meanwhile, *answer_lost),
            Act::Tick => self.second += 1,
        }
    }

    fn save(&mut self, field: Field, text: Option<&str>, by: &str) {
        let kept = text.map(|text| match field.kind() {
            Kind::Text => text.chars().take(self.longest).collect(),
            Kind::Email => text.to_lowercase(),
            _ => text.to_owned(),
        });
        self.record.values.set(field, kept.as_deref());
        self.record.version = Version {
            modified_at: Some(at(self.second)),
            modified_by: user(by),
        };
    }

    fn look(&mut self, meanwhile: Option<(Field, &'static str)>, answer_lost: bool) {
        let crm = self.crm.clone();
        let read = self.record.clone();
        let plan = plan(&self.ours, &read, &self.link, rules(&crm));
        for change in &plan.take {
            let value = change.value.as_deref();
            self.ours.values.set(change.field, value);
            self.ours.changed_at.insert(change.field, at(self.second));
        }
        self.link.took(&plan);
        if let Some((field, text)) = meanwhile {
            self.save(field, Some(text), "person");
        }
        // The CRM refuses a write when the record was saved in a later second than was read.
        let changed = self.record.version.modified_at > plan.unmodified_since;
        if plan.push.is_empty() || changed {
            return;
        }
        self.pushes += 1;
        for (field, value) in plan.pushed_values() {
            self.save(field, value, "bellhop");
        }
        if !answer_lost {
            self.link.pushed(&plan, self.record.version.clone());
        }
    }

    /// What is left to do, once nothing happens any more but looking.
    fn settled(&mut self) -> Plan {
        for _ in 0..4 {
            self.second += 1;
            self.look(None, false);
        }
        plan(&self.ours, &self.record, &self.link, rules(&self.crm))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn both_sides_agree_in_the_end_or_a_person_is_asked(
        crm in settings(), longest in prop::sample::select(vec![5_usize, 100]),
        acts in prop::collection::vec(acts(), 0..40),
    ) {
        let mut world = World::new(crm, longest);
        for act in &acts {
            world.act(act);
        }
        let before = world.pushes;
        let plan = world.settled();
        prop_assert!(plan.take.is_empty() && plan.push.is_empty(), "{plan:?}");
        // One write for what was left, and one for what a write that lost its answer left.
        prop_assert!(world.pushes - before <= 2, "{} writes", world.pushes - before);
        for (field, about) in &plan.in_step {
            let agreed = same(*field, about.ours.as_deref(), about.theirs.as_deref(), Country::GB);
            let own_form = world.link.synced.get(field) == Some(about);
            prop_assert!(agreed || own_form, "{field}");
            prop_assert!(agreed || longest == 5, "{field} differs though nothing is cut");
        }
    }

    #[test]
    fn without_further_changes_nothing_is_written_twice(
        crm in settings(), acts in prop::collection::vec(acts(), 0..20), looks in 1_usize..20,
    ) {
        let mut world = World::new(crm, 5);
        for act in &acts {
            world.act(act);
        }
        world.settled();
        let (pushes, ours) = (world.pushes, world.ours.clone());
        for _ in 0..looks {
            world.act(&Act::Tick);
            world.look(None, false);
        }
        prop_assert_eq!(world.pushes, pushes);
        prop_assert_eq!(world.ours, ours);
    }

    #[test]
    fn how_often_and_when_it_is_looked_at_changes_nothing_while_one_side_is_still(
        crm in settings(), ours in any::<bool>(),
        changes in prop::collection::vec(changes(), 1..10),
        looks in prop::collection::vec(0_usize..3, 10),
    ) {
        let mut worlds = [World::new(crm.clone(), 100), World::new(crm, 100)];
        for (place, (field, text)) in changes.iter().enumerate() {
            // What has to be asked about at one moment need not be at another.
            let text = text.filter(|text| *text != NO_NUMBER).or(texts(*field).first().copied());
            for (which, world) in worlds.iter_mut().enumerate() {
                world.act(&Act::Tick);
                world.act(&match ours {
                    true => Act::WeChange(*field, text),
                    false => Act::TheyChange(*field, text),
                });
                if which == 1 {
                    for _ in 0..looks.get(place).copied().unwrap_or_default() {
                        world.look(None, false);
                    }
                }
            }
        }
        let [mut never, mut often] = worlds;
        prop_assert_eq!(never.settled().ask, often.settled().ask);
        prop_assert_eq!(never.ours.values, often.ours.values);
        prop_assert_eq!(never.record.values, often.record.values);
    }
}
