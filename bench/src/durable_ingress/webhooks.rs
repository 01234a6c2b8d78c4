//! Signed webhooks of Retell's shape, over one kept-alive connection.

use anyhow::{Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use providers::retell::webhook::{SIGNATURE_HEADER, sign};
use secrecy::SecretString;
use tokio::net::TcpStream;

use crate::load::Sender;

pub(super) const API_KEY: &str = "key_bench_000000000000000";

/// One connection to ingress.
pub(super) struct Webhooks {
    connection: http1::SendRequest<Full<Bytes>>,
    path: String,
    secret: SecretString,
}

impl Webhooks {
    pub(super) async fn connect(port: u16, source_key: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (connection, work) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the connection; what goes wrong there fails the request that meets it.
        tokio::spawn(work);
        Ok(Self {
            connection,
            path: format!("/hooks/{source_key}"),
            secret: API_KEY.into(),
        })
    }
}

impl Sender for Webhooks {
    async fn send(&mut self, number: u64) -> Result<()> {
        let body = body(number);
        let now = Timestamp::now().as_millisecond();
        let request = Request::post(&self.path)
            .header("host", "bellhop")
            .header("content-type", "application/json")
            .header(SIGNATURE_HEADER, sign(body.as_bytes(), &self.secret, now))
            .body(Full::new(Bytes::from(body)))?;
        self.connection.ready().await?;
        let answer = self.connection.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        ensure!(
            status == StatusCode::NO_CONTENT,
            "a webhook was answered {status}"
        );
        Ok(())
    }
}

/// In the order of the numbers.
pub(super) fn provider_call_id(number: u64) -> String {
    format!("call_{number:026}")
}

/// What Retell sends when a call has been analyzed, with a short talk.
pub(super) fn body(number: u64) -> String {
    let call = provider_call_id(number);
    let transcript = "Agent: Hello, this is Harbour Dental with a reminder.\\nUser: Oh, hello.\\nAgent: You have an \
                      appointment on Thursday at nine thirty. Can you still come?\\nUser: Yes, I will be there.\\n\
                      Agent: Wonderful, then you are confirmed. Goodbye.\\nUser: Thank you, bye.\\n"
        .repeat(4);
    format!(
        r#"{{"event":"call_analyzed","event_timestamp":1790000000000,"call":{{"call_id":"{call}","call_type":"phone_call","agent_id":"agent_bench","agent_version":3,"direction":"outbound","from_number":"+442079460000","to_number":"+447700900123","call_status":"ended","start_timestamp":1790000000000,"end_timestamp":1790000042000,"duration_ms":42000,"disconnection_reason":"user_hangup","transcript":"{transcript}","call_analysis":{{"call_summary":"The person confirmed the appointment.","in_voicemail":false,"user_sentiment":"Positive","call_successful":true,"custom_analysis_data":{{"appointment_action":"confirmed"}}}},"call_cost":{{"combined_cost":12.5,"total_duration_seconds":42}}}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_an_event_of_its_own() {
        let outline =
            |number| providers::retell::webhook::outline(body(number).as_bytes()).unwrap();
        assert_eq!(outline(1).event, "call_analyzed");
        assert_eq!(outline(1).provider_call_id, Some(provider_call_id(1)));
        assert_ne!(outline(1).dedupe_key, outline(2).dedupe_key);
    }
}
