//! Answers other than success, in Zoho's words.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// An error of a whole request, or of one element of it.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    code: String,
    details: Value,
    retry_after: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, code: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            details: json!({}),
            retry_after: None,
        }
    }

    pub(super) fn bad(code: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code)
    }

    /// About a field.
    pub(super) fn of(code: &str, field: &str) -> Self {
        Self::bad(code).with(json!({"api_name": field}))
    }

    pub(super) fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    pub(super) fn invalid_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_TOKEN")
    }

    pub(super) fn denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "NO_PERMISSION")
    }

    pub(super) fn no_such_url() -> Self {
        Self::new(StatusCode::NOT_FOUND, "INVALID_URL_PATTERN")
    }

    pub(super) fn changed() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED")
    }

    pub(super) fn server_error() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR")
    }

    pub(super) fn maintenance() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE")
    }

    pub(super) fn too_many(retry_after: Option<u64>) -> Self {
        Self {
            retry_after,
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS")
        }
    }

    /// As it stands in a list or as a whole body.
    pub(super) fn element(&self) -> Value {
        json!({
            "code": self.code,
            "details": self.details,
            "message": "the request was not carried out",
            "status": "error",
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(self.element());
        match self.retry_after {
            Some(seconds) => {
                let header = [(header::RETRY_AFTER, seconds.to_string())];
                (self.status, header, body).into_response()
            }
            None => (self.status, body).into_response(),
        }
    }
}
