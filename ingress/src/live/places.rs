//! How many streams are open, in all and of each tenant.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::ids::TenantId;

use crate::{config::LiveLimits, telemetry};

pub(super) struct Places {
    most: usize,
    most_of_tenant: usize,
    taken: Mutex<HashMap<TenantId, usize>>,
}

/// A stream's place, free again when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    tenant: TenantId,
}

impl Places {
    pub(super) fn new(limits: &LiveLimits) -> Arc<Self> {
        Arc::new(Self {
            most: limits.streams.get(),
            most_of_tenant: limits.streams_per_tenant.get(),
            taken: Mutex::default(),
        })
    }

    /// `None` when there is none left, for the tenant or for anybody.
    pub(super) fn take(self: &Arc<Self>, tenant: TenantId) -> Option<Place> {
        let mut taken = self.taken();
        let of_tenant = taken.get(&tenant).copied().unwrap_or_default();
        if of_tenant >= self.most_of_tenant || taken.values().sum::<usize>() >= self.most {
            return None;
        }
        taken.insert(tenant, of_tenant + 1);
        telemetry::streams(taken.values().sum());
        let places = self.clone();
        Some(Place { places, tenant })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        let left = taken.get(&self.tenant).copied().unwrap_or_default();
        match left.saturating_sub(1) {
            0 => taken.remove(&self.tenant),
            left => taken.insert(self.tenant, left),
        };
        telemetry::streams(taken.values().sum());
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn a_tenant_takes_no_more_than_its_share_and_all_no_more_than_there_are() {
        let number = |number| NonZeroUsize::new(number).unwrap();
        let places = Places::new(&LiveLimits {
            streams: number(3),
            streams_per_tenant: number(2),
            ..LiveLimits::default()
        });
        let (busy, other, third) = (
            TenantId::generate(),
            TenantId::generate(),
            TenantId::generate(),
        );
        let first = places.take(busy).unwrap();
        let _second = places.take(busy).unwrap();
        assert!(places.take(busy).is_none());
        let _third = places.take(other).unwrap();
        assert!(places.take(third).is_none());

        drop(first);
        assert!(places.take(third).is_some());
        assert!(places.take(busy).is_some());
    }
}
