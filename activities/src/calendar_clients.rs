//! The clients of the tenants' calendars, kept from one reading to the next: Google's access token lasts an hour, and a
//! feed that has not changed is not sent again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    calendar::{FreeBusy, Origin, Span},
    ids::{CalendarId, TenantId},
    settings::CalendarKind,
};
use jiff::{Timestamp, tz::TimeZone};
use providers::{
    calendar::{CalendarError, cal_com, google, ical},
    channel::HttpOptions,
};
use secrecy::SecretString;

/// Where the calendars answer. A feed's address is its secret.
#[derive(Debug, Clone)]
pub struct CalendarOptions {
    pub google_base_url: String,
    pub google_token_url: String,
    pub cal_com_base_url: String,
    /// Lets http and addresses that are not public in: for a simulator, or a feed of one's own network.
    pub allow_private: bool,
}

impl Default for CalendarOptions {
    fn default() -> Self {
        Self {
            google_base_url: google::BASE_URL.to_owned(),
            google_token_url: google::TOKEN_URL.to_owned(),
            cal_com_base_url: cal_com::BASE_URL.to_owned(),
            allow_private: false,
        }
    }
}

/// A client for each calendar, made anew when it is read from something else.
#[derive(Clone, Default)]
pub struct Calendars {
    options: CalendarOptions,
    clients: Arc<Mutex<HashMap<(TenantId, CalendarId), Kept>>>,
}

/// A client, and what it reads.
type Kept = (Origin, Client);

impl Calendars {
    pub fn new(options: CalendarOptions) -> Self {
        Self {
            options,
            clients: Arc::default(),
        }
    }

    /// Whether a secret can be one of such a calendar. Asks nobody.
    pub fn check(&self, kind: CalendarKind, secret: &SecretString) -> Result<(), CalendarError> {
        self.made(kind, Some(secret)).map(|_| ())
    }

    pub(crate) fn client(
        &self,
        tenant: TenantId,
        calendar: CalendarId,
        origin: &Origin,
        secret: Option<&SecretString>,
    ) -> Result<Client, CalendarError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, client)) = clients.get(&(tenant, calendar))
            && known == origin
        {
            return Ok(client.clone());
        }
        let client = self.made(origin.kind, secret)?;
        clients.insert((tenant, calendar), (origin.clone(), client.clone()));
        Ok(client)
    }

    /// The calendar is not set up any more.
    pub(crate) fn forget(&self, tenant: TenantId, calendar: CalendarId) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.remove(&(tenant, calendar));
    }

    fn made(
        &self,
        kind: CalendarKind,
        secret: Option<&SecretString>,
    ) -> Result<Client, CalendarError> {
        let http = HttpOptions {
            allow_private: self.options.allow_private,
            ..HttpOptions::default()
        };
        let needed = || {
            secret.ok_or_else(|| CalendarError::Refused {
                detail: "no_secret".to_owned(),
            })
        };
        Ok(match kind {
            CalendarKind::Google => {
                let options = google::Options {
                    http,
                    token_url: self.options.google_token_url.clone(),
                    ..google::Options::default()
                };
                let base = &self.options.google_base_url;
                Client::Google(google::Client::new(base, needed()?, options)?)
            }
            CalendarKind::CalCom => {
                let options = cal_com::Options {
                    http,
                    ..cal_com::Options::default()
                };
                let base = &self.options.cal_com_base_url;
                Client::CalCom(cal_com::Client::new(base, secret.cloned(), options)?)
            }
            CalendarKind::Ical => {
                let options = ical::Options {
                    http,
                    ..ical::Options::default()
                };
                Client::Ical(ical::Client::new(needed()?, options)?)
            }
        })
    }
}

/// The client of one calendar, whosever it is.
#[derive(Clone)]
pub(crate) enum Client {
    Google(google::Client),
    CalCom(cal_com::Client),
    Ical(ical::Client),
}

impl Client {
    pub(crate) async fn free_busy(
        &self,
        origin: &Origin,
        asked: Span,
        now: Timestamp,
    ) -> Result<FreeBusy, CalendarError> {
        let id = origin.id.as_deref().unwrap_or_default();
        match self {
            Self::Google(client) => client.free_busy(id, asked, now).await,
            Self::CalCom(client) => client.free_busy(id, asked, now).await,
            Self::Ical(client) => {
                let zone = TimeZone::get(&origin.zone).map_err(|_| CalendarError::Refused {
                    detail: "time_zone".to_owned(),
                })?;
                client.free_busy(asked, &zone, now).await
            }
        }
    }
}
