//! The list of tables. To add one: a line in [`TABLES`], children before the tables they refer to.
//!
//! Conditions are SQL about the row `t`. Those that find a person's rows may also name the person `p`:
//! `p.contacts`, `p.appointments`, `p.calls`, `p.events` (ids), `p.numbers` (E.164), `p.provider_calls` (the provider's
//! ids of calls), `p.words` (digits of the numbers and e-mail addresses, in lower case, for a search in text) and `p.now`.
//! A number that somebody else has too is not among them.

use domain::settings::DataClass;

/// One table that holds rows of tenants.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    pub class: DataClass,
    /// The column with the contact that a row is about: a contact stays for as long as it has such rows.
    pub contact: Option<&'static str>,
    /// Which rows are of a person.
    pub of_person: &'static str,
    /// What an erasure does with them.
    pub erase: Erase,
    /// By which column rows grow old. `None`: they go with the rows they hang on, or never.
    pub grows_old: Option<&'static str>,
    /// Which rows are kept all the same.
    pub needed: &'static str,
}

/// What an erasure does with a person's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erase {
    /// There is nothing of people in it.
    Nothing,
    Delete,
    /// Sets these columns, and keeps what says nothing of the person: times, counts, outcomes.
    Blank(&'static str),
}

/// Nothing of people, and never deleted by age.
const fn kept(name: &'static str) -> Table {
    Table {
        name,
        class: DataClass::Kept,
        contact: None,
        of_person: "false",
        erase: Erase::Nothing,
        grows_old: None,
        needed: "false",
    }
}

const fn table(name: &'static str, class: DataClass) -> Table {
    Table {
        class,
        ..kept(name)
    }
}

impl Table {
    const fn contact(self, contact: &'static str) -> Table {
        Table {
            contact: Some(contact),
            ..self
        }
    }

    const fn blank(self, of_person: &'static str, columns: &'static str) -> Table {
        Table {
            of_person,
            erase: Erase::Blank(columns),
            ..self
        }
    }

    const fn delete(self, of_person: &'static str) -> Table {
        Table {
            of_person,
            erase: Erase::Delete,
            ..self
        }
    }

    /// `needed`: which rows are kept whatever their age.
    const fn grows_old(self, by: &'static str, needed: &'static str) -> Table {
        Table {
            grows_old: Some(by),
            needed,
            ..self
        }
    }
}

/// All of them, children before the tables they refer to.
pub const TABLES: &[Table] = &[
    // Texts.
    table("approvals", DataClass::Conversations)
        .contact("contact_id")
        .delete("t.contact_id = any(p.contacts)
                 or exists (select from extractions x
                            left join conversation_entries e on e.tenant_id = x.tenant_id and e.id = x.entry_id
                            where x.tenant_id = t.tenant_id and x.id = t.extraction_id
                              and (e.contact_id = any(p.contacts) or e.e164 = any(p.numbers)
                                   or e.provider_id = any(p.provider_calls) or x.call_id = any(p.calls)))")
        .grows_old("asked_at", "t.settled_at is null"),
    table("extractions", DataClass::Conversations)
        .contact("contact_id")
        .delete("t.contact_id = any(p.contacts) or t.call_id = any(p.calls)
                 or exists (select from conversation_entries e where e.tenant_id = t.tenant_id and e.id = t.entry_id
                                                                 and (e.contact_id = any(p.contacts) or e.e164 = any(p.numbers)
                                   or e.provider_id = any(p.provider_calls)))")
        .grows_old(
            "queued_at",
            "t.state in ('waiting', 'reading')
             or exists (select from approvals a where a.tenant_id = t.tenant_id and a.extraction_id = t.id)",
        ),
    table("sounds", DataClass::Conversations)
        .delete("exists (select from conversation_entries e where e.tenant_id = t.tenant_id and e.id = t.entry_id
                                                              and (e.contact_id = any(p.contacts) or e.e164 = any(p.numbers)
                                   or e.provider_id = any(p.provider_calls)))")
        .grows_old("recorded_at", "false"),
    table("conversation_entries", DataClass::Conversations)
        .contact("contact_id")
        .delete("t.contact_id = any(p.contacts) or t.e164 = any(p.numbers) or t.provider_id = any(p.provider_calls)")
        .grows_old(
            "at",
            "exists (select from sounds s where s.tenant_id = t.tenant_id and s.entry_id = t.id)
             or exists (select from extractions x where x.tenant_id = t.tenant_id and x.entry_id = t.id)",
        ),
    table("outbound_texts", DataClass::Conversations)
        .contact("contact_id")
        .delete("t.contact_id = any(p.contacts) or t.e164 = any(p.numbers)")
        .grows_old("created_at", "t.state in ('pending', 'sending')"),
    table("contact_changes", DataClass::Conversations)
        .contact("contact_id")
        .delete("t.contact_id = any(p.contacts)")
        .grows_old("changed_at", "false"),
    // CRM. They go with their contact; at the CRM somebody has to erase the person too.
    table("crm_conflicts", DataClass::Contacts).delete("t.contact_id = any(p.contacts)"),
    table("crm_queue", DataClass::Contacts).delete("t.contact_id = any(p.contacts) or t.key = any(p.numbers)"),
    table("crm_links", DataClass::Contacts).delete("t.contact_id = any(p.contacts)"),
    // Ids only.
    table("contact_merges", DataClass::Contacts).grows_old("merged_at", "t.undone_at is null"),
    // Webhooks. What came before somebody was erased is found by their calls, and by their numbers in the body.
    table("event_attempts", DataClass::Events).blank("t.event_id = any(p.events)", "detail = null"),
    table("events", DataClass::Events)
        .blank(
            "t.id = any(p.events)",
            "headers = '{}', body = '', observation = null, detail = null, next_try_at = null,
             state = case when t.state in ('received', 'queued', 'processing', 'failed') then 'dead' else t.state end",
        )
        .grows_old(
            "received_at",
            "t.state in ('received', 'queued', 'processing', 'failed')
             or exists (select from calls c where c.tenant_id = t.tenant_id and c.id = t.call_id and c.outcome is null)",
        ),
    table("context_log", DataClass::ContextLog)
        .contact("contact_id")
        .blank(
            "t.contact_id = any(p.contacts) or t.call_id = any(p.calls) or t.e164 = any(p.numbers)
             or t.provider_call_id = any(p.provider_calls)",
            "answer = '{}', e164 = null, contact_id = null",
        )
        .grows_old("asked_at", "false"),
    table("call_functions", DataClass::Functions)
        .blank(
            // Of a withheld number too, when the person told the own one.
            "t.call_id = any(p.calls) or t.provider_call_id = any(p.provider_calls)
             or exists (select from unnest(p.words) w
                        where lower(concat_ws(' ', t.arguments, t.act, t.answer))
                              ~ ('(^|[^0-9a-z._%-])' || regexp_replace(w, '([^0-9a-z@])', '\\\\\\1', 'g') || '([^0-9a-z-]|$)'))",
            "arguments = '{}', identity = null, answer = '',
             act = case when t.act ? 'do' then jsonb_build_object('do', t.act -> 'do') end",
        )
        .grows_old("asked_at", "false"),
    table("notes", DataClass::Notes)
        .contact("contact_id")
        .delete("t.contact_id = any(p.contacts) or t.call_id = any(p.calls) or t.e164 = any(p.numbers)")
        .grows_old(
            "made_at",
            "(t.wants_answer and t.done_at is null) or (t.held and t.cleared_at is null)",
        ),
    table("missed_calls", DataClass::Notes)
        .delete("t.call_id = any(p.calls) or t.who = any(p.numbers) or t.provider_call_id = any(p.provider_calls)")
        .grows_old("at", "false"),
    table("follow_ups", DataClass::Notes)
        .contact("contact_id")
        .delete("t.contact_id = any(p.contacts) or t.e164 = any(p.numbers) or t.who = any(p.provider_calls)")
        .grows_old("changed_at", "t.state = 'open'"),
    // Alerts tell nothing of people. Should one do so all the same, it is found.
    table("alert_deliveries", DataClass::Alerts)
        .blank(
            "exists (select from unnest(p.words) w where position(w in lower(t.subject || ' ' || t.body)) > 0)",
            "subject = '', body = ''",
        )
        .grows_old("recorded_at", "t.state in ('pending', 'sending')"),
    table("alerts", DataClass::Alerts)
        .blank(
            "exists (select from unnest(p.words) w where position(w in lower(t.about)) > 0)",
            "about = ''",
        )
        .grows_old("changed_at", "t.open"),
    table("line_checks", DataClass::Alerts).grows_old("planned_at", "false"),
    // Conversations of coding agents are not about people who are served; a number in one is found.
    table("agent_messages", DataClass::Agents).blank(
        "t.event_id = any(p.events) or exists (select from unnest(p.words) w where position(w in lower(t.text)) > 0)",
        "text = ''",
    ),
    table("tool_uses", DataClass::Agents).blank(
        "exists (select from unnest(p.words) w
                 where position(w in lower(concat_ws(' ', t.input, t.response, t.error))) > 0)",
        "input = null, response = null, error = null",
    ),
    table("agent_sessions", DataClass::Agents).grows_old("last_seen_at", "false"),
    table("decisions", DataClass::Appointments),
    table("calls", DataClass::Calls)
        .contact("contact_id")
        .blank(
            "t.id = any(p.calls)",
            "e164 = null, topic = null, summary = null, sentiment = null, detail = null,
             crm_record = null, erased_at = p.now",
        )
        .grows_old(
            "authorized_at",
            "t.outcome is null
             or exists (select from reminders r where r.tenant_id = t.tenant_id and r.appointment_id = t.appointment_id
                                                 and r.state <> 'finished')",
        ),
    table("reminders", DataClass::Appointments),
    table("appointments", DataClass::Appointments)
        .contact("contact_id")
        .blank(
            "t.id = any(p.appointments)",
            "external_id = 'erased ' || t.id, kind = null, location = null, instructions = null,
             status = case when t.starts_at > p.now and t.status <> 'cancelled' then 'deleted' else t.status end",
        )
        .grows_old(
            "starts_at",
            "exists (select from reminders r where r.tenant_id = t.tenant_id and r.appointment_id = t.id
                                              and r.state <> 'finished')
             or exists (select from calls c where c.tenant_id = t.tenant_id and c.appointment_id = t.id)",
        ),
    table("contacts", DataClass::Contacts)
        .blank(
            "t.id = any(p.contacts)",
            "match_key = 'erased ' || t.id, name = '', email = null, e164 = null, zones = '{}', consent_source = null,
             consent_at = null, best_hour = null, address = null, mobile = null, remarks = null, told_email = null,
             told_preferences = null, opted_out_as = '{}', erased_at = p.now",
        )
        .grows_old(
            "recorded_at",
            "exists (select from contact_merges m where m.tenant_id = t.tenant_id and t.id in (m.kept, m.gone))
             or exists (select from contacts o where o.tenant_id = t.tenant_id and o.merged_into = t.id)",
        ),
    // Their marks stay (see marks.rs).
    table("opt_outs", DataClass::Kept).delete("t.e164 = any(p.numbers)"),
    table("invalid_numbers", DataClass::Kept).delete("t.e164 = any(p.numbers)"),
    table("text_choices", DataClass::Kept).delete("t.e164 = any(p.numbers)"),
    kept("access_tokens"),
    kept("calendars"),
    kept("crm_accounts"),
    kept("extraction_months"),
    kept("extraction_pauses"),
    kept("opt_out_marks"),
    // As long as a webhook may be kept, one may come that is older than the erasure.
    table("erased_marks", DataClass::Events).grows_old("erased_at", "false"),
    kept("erasures"),
    kept("breakers"),
    kept("outbox"),
    kept("provider_secrets"),
    kept("sources"),
    kept("tenant_settings"),
];
