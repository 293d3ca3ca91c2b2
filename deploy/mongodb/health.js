// Run by mongosh as the health check of the one MongoDB server: makes the replica set at the first start, and succeeds
// once its member takes writes.
const member = 'mongodb:27017';

try {
  rs.status();
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error;
  rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: member }] });
}
quit(db.hello().isWritablePrimary ? 0 : 1);
