//! Judging a store of room logs from outside, and mending it: what `loquat verify`, `repair`, `backup` and `restore` need of
//! this service.
//!
//! It reads rows and documents by itself, not through the store of the service: what judges the store shares neither its
//! queries nor its trust in the indexes. A log is judged as it streams by, so that memory grows with the people of one room
//! and not with what was said. Judging changes nothing, neither data nor schema, and may go on while processes write.

mod damage;
mod folds;
mod identity;
mod judge;
mod mending;
mod mongo;
mod row;
mod sql;

#[cfg(test)]
mod tests;

use std::time::Duration;

use loquat_ids::{Epoch, RoomId};
use tokio::sync::mpsc;

pub use damage::{LogDamage, LogFault};
pub use judge::{AuditedLog, DecidedChange, LoggedKind, LoggedMember, LoggedRole, LoggedSettings};

use self::{folds::FoldWindow, judge::LogJudge, mongo::MongoLogs, row::Row, sql::SqlLogs};

/// How long one statement may wait for its first row.
const DEADLINE: Duration = Duration::from_secs(60);
/// How many rows, and how many logs, wait to be judged.
const WAITING_ROWS: usize = 512;
const WAITING_LOGS: usize = 8;

/// Why a store cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The URL is of no store that this service has.
    #[error("it must begin with sqlite:, postgres:// or mongodb://")]
    UnknownKind,
    /// There is nothing, or nothing of this service.
    #[error("it holds no store of room logs: {0}")]
    NotThere(String),
    /// A later program has written it.
    #[error("it is newer than this program: it has {0}")]
    Newer(String),
    /// It has not been brought up to date.
    #[error("it is older than this program, which brings it up to date when it is started on it: it lacks {0}")]
    Older(String),
    /// The database refuses or does not answer.
    #[error("the store of room logs does not answer")]
    Sql(#[from] sea_orm::DbErr),
    /// The database refuses or does not answer.
    #[error("the store of room logs does not answer")]
    Mongo(#[from] mongodb::error::Error),
    /// It did not answer in time.
    #[error("the store of room logs did not answer within {DEADLINE:?}")]
    Silent,
    /// What was read cannot be of ours.
    #[error("the store of room logs holds what cannot be read: {0}")]
    Unreadable(String),
}

/// A store of room logs, opened to be judged and mended.
#[derive(Debug)]
pub struct LogAudit(Kept);

#[derive(Debug, Clone)]
enum Kept {
    Sql(SqlLogs),
    Mongo(MongoLogs),
}

impl LogAudit {
    /// Opens the store of a URL as [`Settings`](crate::app::Settings) names it. It makes nothing where there is nothing.
    ///
    /// # Errors
    ///
    /// Where there is no store, it is of another version than this program, or it does not answer.
    pub async fn open(url: &str) -> Result<Self, AuditError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite" | "postgres" | "postgresql") => Ok(Self(Kept::Sql(SqlLogs::open(url).await?))),
            Some("mongodb" | "mongodb+srv") => Ok(Self(Kept::Mongo(MongoLogs::open(url).await?))),
            _ => Err(AuditError::UnknownKind),
        }
    }

    /// Opens a store by the options of its driver.
    #[cfg(test)]
    pub(crate) async fn open_mongo(options: mongodb::options::ClientOptions) -> Result<Self, AuditError> {
        Ok(Self(Kept::Mongo(MongoLogs::open_with(options).await?)))
    }

    /// Returns the life of the logs.
    ///
    /// # Errors
    ///
    /// The store does not answer, or has no identity.
    pub async fn epoch(&self) -> Result<Epoch, AuditError> {
        match &self.0 {
            Kept::Sql(logs) => identity::read_sql(logs).await,
            Kept::Mongo(logs) => identity::read_mongo(logs).await,
        }
    }

    /// Gives the logs another life, so that every cursor from before is told to begin anew. Only while no process uses the
    /// store: a process reads it once.
    ///
    /// # Errors
    ///
    /// The store does not answer, or has no identity.
    pub async fn begin_epoch(&self, epoch: &Epoch) -> Result<(), AuditError> {
        self.epoch().await?;
        match &self.0 {
            Kept::Sql(logs) => identity::write_sql(logs, epoch).await,
            Kept::Mongo(logs) => identity::write_mongo(logs, epoch).await,
        }
    }

    /// Judges what is no one log's: the file, the indexes that fence the writers, and what stands twice where one is missing.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn judge_store(&self) -> Result<Vec<LogDamage>, AuditError> {
        match &self.0 {
            Kept::Sql(logs) => logs.judge_store().await,
            Kept::Mongo(logs) => logs.judge_store().await,
        }
    }

    /// Judges each log, in the order of rooms: all as of the moment at which this was called, on a store that can tell.
    ///
    /// The last thing that comes is an error where there was one.
    #[must_use]
    pub fn judge_logs(&self) -> mpsc::Receiver<Result<AuditedLog, AuditError>> {
        self.judged(None)
    }

    /// Judges one log as it is now. Nothing for a room without one.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn judge_log(&self, room: RoomId) -> Result<Option<AuditedLog>, AuditError> {
        self.judged(Some(room)).recv().await.transpose()
    }

    /// Mends what is wrong with the store, as far as the logs say how it must be. Only while no process writes to the store.
    ///
    /// # Errors
    ///
    /// The store does not answer, or refuses.
    pub async fn mend_store(&self, damages: &[LogDamage]) -> Result<(), AuditError> {
        for damage in damages {
            match (&self.0, &damage.fault, damage.room) {
                (kept, LogFault::FoldWithoutMessage, Some(room)) => kept.rebuild_folds(room).await?,
                (Kept::Sql(logs), LogFault::IndexMissing(name), _) => mending::make_index_sql(logs, name).await?,
                (Kept::Sql(logs), LogFault::PositionsAhead { next, .. }, _) => {
                    mending::lower_positions_sql(logs, *next).await?;
                }
                (Kept::Mongo(logs), LogFault::IndexMissing(name), _) => mending::make_index_mongo(logs, name).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Mends what is wrong with one log, and with what is made of it, as far as the log says how it must be. Only while no
    /// process writes to the store.
    ///
    /// # Errors
    ///
    /// The store does not answer, or refuses.
    pub async fn mend_log(&self, log: &AuditedLog) -> Result<(), AuditError> {
        for damage in &log.damages {
            let (LogFault::ClassDiffers { expected, .. }, Some(seq)) = (&damage.fault, damage.seq) else { continue };
            match &self.0 {
                Kept::Sql(logs) => mending::set_class_sql(logs, log.room, seq, *expected).await?,
                Kept::Mongo(logs) => mending::set_class_mongo(logs, log.room, seq, *expected).await?,
            }
        }
        if log.damages.iter().any(|damage| damage.fault.is_of_folds()) {
            self.0.rebuild_folds(log.room).await?;
        }
        Ok(())
    }

    /// Closes the connections, so that nothing of them is left beside a file.
    ///
    /// # Errors
    ///
    /// The store does not let go.
    pub async fn close(self) -> Result<(), AuditError> {
        match self.0 {
            Kept::Sql(logs) => Ok(logs.db().close_by_ref().await?),
            Kept::Mongo(_) => Ok(()),
        }
    }

    fn judged(&self, only: Option<RoomId>) -> mpsc::Receiver<Result<AuditedLog, AuditError>> {
        let (rows, from_store) = mpsc::channel(WAITING_ROWS);
        match &self.0 {
            Kept::Sql(logs) => drop(tokio::spawn(logs.clone().stream(only, rows))),
            Kept::Mongo(logs) => drop(tokio::spawn(logs.clone().stream(only, rows))),
        }
        let (logs, judged) = mpsc::channel(WAITING_LOGS);
        tokio::spawn(judge_rows(self.0.clone(), from_store, logs));
        judged
    }
}

/// Where a reader puts the rows, in the order of room and place. It ends when nobody waits for them any more.
type Rows = mpsc::Sender<Result<Row, AuditError>>;

async fn judge_rows(
    kept: Kept,
    mut rows: mpsc::Receiver<Result<Row, AuditError>>,
    logs: mpsc::Sender<Result<AuditedLog, AuditError>>,
) {
    let mut judge: Option<LogJudge> = None;
    while let Some(row) = rows.recv().await {
        let row = match row {
            Ok(row) => row,
            // What has been read of the last log is no whole log.
            Err(error) => return drop(logs.send(Err(error)).await),
        };
        if let Some(done) = judge.take_if(|judge| judge.room() != row.room)
            && !hand_on(&kept, done, &logs).await
        {
            return;
        }
        judge.get_or_insert_with(|| LogJudge::new(row.room)).take(&row);
    }
    if let Some(done) = judge {
        hand_on(&kept, done, &logs).await;
    }
}

/// Judges what is made of a log, hands all on, and tells whether more is wanted.
async fn hand_on(kept: &Kept, mut judge: LogJudge, logs: &mpsc::Sender<Result<AuditedLog, AuditError>>) -> bool {
    let (head, has_changes) = judge.changes();
    let judged = kept.judge_folds(judge.room(), head, has_changes).await.map(|damages| {
        judge.add(damages);
        judge.finish()
    });
    let is_whole = judged.is_ok();
    logs.send(judged).await.is_ok() && is_whole
}

impl Kept {
    async fn judge_folds(&self, room: RoomId, head: u64, has_changes: bool) -> Result<Vec<LogDamage>, AuditError> {
        let facts = match self {
            Self::Sql(logs) => logs.fold_facts(room).await?,
            Self::Mongo(logs) => logs.fold_facts(room).await?,
        };
        if !has_changes && !facts.has_folds && facts.folded_to.get() <= head {
            return Ok(Vec::new());
        }
        let mut window = FoldWindow::to_judge(room);
        self.fold(room, &mut window).await?;
        let mut damages = window.beyond_head();
        loop {
            damages.extend(window.damages());
            let Some(next) = window.next() else { return Ok(damages) };
            window = next;
            self.fold(room, &mut window).await?;
        }
    }

    /// Makes what is made of a log anew from it.
    async fn rebuild_folds(&self, room: RoomId) -> Result<(), AuditError> {
        let mut window = FoldWindow::to_rebuild(room);
        loop {
            self.fold(room, &mut window).await?;
            match self {
                Self::Sql(logs) => mending::keep_folds_sql(logs, room, &window).await?,
                Self::Mongo(logs) => mending::keep_folds_mongo(logs, room, &window).await?,
            }
            match window.next() {
                Some(next) => window = next,
                None => break,
            }
        }
        match self {
            Self::Sql(logs) => mending::keep_folded_to_sql(logs, room, window.head()).await,
            Self::Mongo(logs) => mending::keep_folded_to_mongo(logs, room, window.head()).await,
        }
    }

    async fn fold(&self, room: RoomId, window: &mut FoldWindow) -> Result<(), AuditError> {
        match self {
            Self::Sql(logs) => logs.fold(room, window).await,
            Self::Mongo(logs) => logs.fold(room, window).await,
        }
    }
}
