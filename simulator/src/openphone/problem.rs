//! Answers other than success, with OpenPhone's codes.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An answer other than success.
pub(super) struct Problem {
    status: StatusCode,
    pub(super) code: &'static str,
    title: &'static str,
}

impl Problem {
    const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self {
            status,
            code,
            title,
        }
    }

    pub(super) const BAD_REQUEST: Self =
        Self::new(StatusCode::BAD_REQUEST, "0200400", "Bad Request");
    pub(super) const NOT_REGISTERED: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "0206400",
        "A2P Registration Not Approved",
    );
    pub(super) const UNAUTHORIZED: Self =
        Self::new(StatusCode::UNAUTHORIZED, "0200401", "Unauthorized");
    pub(super) const NO_CREDITS: Self = Self::new(
        StatusCode::PAYMENT_REQUIRED,
        "0200402",
        "Not Enough Credits",
    );
    pub(super) const NOT_YOUR_LINE: Self =
        Self::new(StatusCode::FORBIDDEN, "0202403", "Not Phone Number User");
    pub(super) const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, "0200404", "Not Found");
    pub(super) const TOO_MANY: Self = Self::new(
        StatusCode::TOO_MANY_REQUESTS,
        "0200429",
        "Too Many Requests",
    );
    pub(super) const SERVER_ERROR: Self =
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "0201500", "Unknown");
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "message": self.title,
            "title": self.title,
            "code": self.code,
            "status": self.status.as_u16(),
            "docs": "https://www.quo.com/docs",
            "trace": "01SIM",
        });
        (self.status, Json(body)).into_response()
    }
}
