//! Bringing the outbox in line with a log.

use loquat_ids::EventId;
use sea_orm::{ConnectionTrait as _, Statement, TransactionTrait as _};

use super::{AuditError, RoomAudit};

pub(super) async fn settle_outbox(audit: &RoomAudit, places: &[(EventId, Option<u64>)]) -> Result<(), AuditError> {
    let transaction = audit.db.begin().await?;
    for (event, seq) in places {
        // Whoever it concerns may not have been told: that comes after the log.
        let update = "UPDATE outbox SET seq = $1, is_published = is_published AND $1 IS NOT NULL WHERE event_id = $2";
        let seq = seq.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let values = [seq.into(), event.as_uuid().into()];
        transaction.execute_raw(Statement::from_sql_and_values(audit.backend(), update, values)).await?;
    }
    Ok(transaction.commit().await?)
}
