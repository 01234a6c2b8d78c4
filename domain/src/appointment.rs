//! What is known of an appointment, as far as its reminder needs it.

coded_enum! {
    /// Where an appointment stands.
    AppointmentStatus {
        Scheduled = "scheduled",
        Confirmed = "confirmed",
        Cancelled = "cancelled",
        /// The person asked for another time; the business has not set it yet.
        RescheduleRequested = "reschedule_requested",
        Deleted = "deleted",
    }
}
