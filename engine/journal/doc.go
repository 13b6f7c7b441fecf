// Package journal is the tamper-evident log of acts: every act on a
// procedure is one record, written before its effect is visible.
//
// Status: current. A journal is one folder:
//
//	entries     one record per line, canonical JSON, each signed as it is made
//	hashes      the tree over the entries, 32 bytes per node, in the storage
//	            order of golang.org/x/mod/sumdb/tlog
//	checkpoint  size and root of the tree and length of the entries, signed
//	            (C2SP tlog-checkpoint)
//	pending     the next checkpoint, only while records are being written
//	key.pub     a copy of the public key, for convenience, never trusted
//	lock        what writers in other processes wait on
//
// The tree is that of RFC 6962: leaf hash SHA-256(0 ‖ line), node hash
// SHA-256(1 ‖ left ‖ right), the line without its line feed. Each record also
// carries the root of the tree before it and an Ed25519 signature, so that
// [Verify] can name the first record that was touched even when everything
// else in the folder was rewritten to match. While nothing differs, the
// checkpoint's one signature covers them all through the tree.
//
// Writing goes pending, entries, hashes, checkpoint, each on the disk before
// the next, for all records that wait at that moment at once (group commit);
// [Log.Append] returns when its own is covered. Whatever the moment of a crash,
// what lies behind the checkpoint is explained by a validly signed pending
// file: whole records are then sealed, torn ones, of which no act has taken
// effect, are cut off, and the next record says so. What lies behind the
// checkpoint without such a file was put there by someone else.
//
// Each record also says which hash the files have that only an act may change
// (Record.Sealed), carried on from the one before, so that the last record
// alone shows when an older copy of one was put back ([Log.Sealed]).
//
// Opening reads the checkpoint, the right edge of the tree and the last
// record, whatever the length; that record's signature and place are checked. What is handed out is a checkpoint
// ([Log.Checkpoint]), a proof of one record ([Log.Prove]) or all of it
// ([Log.Snapshot]); numbers for a report come from [Stats].
//
// What it proves: that no sealed record was altered, dropped, moved or
// inserted by someone without the key; against the holder of a checkpoint
// taken outside ([Check.Held]) also that the log only grew. What it does
// not: that an act was logged at all, that a record is true, or that the
// whole folder was not put back to an older state that nobody outside holds a
// later checkpoint of. The times are those of the machine's own clock.
package journal
