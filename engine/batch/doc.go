// Package batch analyses whole seizures: it plans what to look at, works
// through it for days or weeks, and accounts for every file.
//
// # Status
//
// Built: the manifest and its plan (package survey), runs on one machine (this
// package, and package queue), and the joins of files. Not built: many machines
// on Postgres; the last section says how that is meant.
//
// # Goal
//
//   - Every name in a seized tree has a line with what became of it and why.
//   - Killed at any moment, a run goes on, and the index, the journal and the
//     account are those of an unbroken run.
//   - A revocation or a veto stops the work within seconds.
//   - Nobody has to install a server for one machine.
//   - What a queue holds may be lost or leak without harm: references only.
//
// # Not a goal
//
//   - Opening archives, disk images or encrypted volumes: other tools do that,
//     under their own rules of evidence. They are listed.
//   - Deciding what time a recorder's clock showed. Names, containers and
//     sidecars make proposals; a person confirms them.
//   - Scheduling between services. One coordinator serves one procedure.
//
// # Design
//
// A manifest is a stream of YAML documents: the plan, one document for each
// proposed camera with its timeline, one for each kind of file left out. It is
// written and read one document at a time, so that fifty thousand files need
// no more memory than the largest camera, and a person reviews it by camera.
//
// The survey reads the first bytes of each file and never parses one: that is
// the worker's, in its sandbox, which is asked for the container's word only
// ([posteriori/engine/wire.ProbeJob] with Brief). Whole files are read only
// where two may be the same: of one size, and alike in three stretches. At
// import each is hashed anyhow, so a duplicate that changed since is found.
//
// A recording is the unit of a job; inside it, chunks are the unit of work and
// of retry, as in any analysis (package analysis): what is done is known by the
// original's hash, the chunk and the identity of the pipeline, so a job that is
// done twice changes nothing. The queue's rows name a batch and a number in it.
// What the number means (path, camera, clock) and what became of it lies in the
// procedure's encrypted index, and dies with its key. The index, not the queue,
// says what is left to do: a queue that is lost is filled again from it.
//
// An act in the journal is what a person would have done by one command for
// one file: each job is one import (unless the recording is in already) and one
// analysis, under the reason of the run, with the batch's number among its
// parameters. So each record is written before its effect is seen, a report
// cites the record of the very file, and who may act, and whether the analysis
// is authorised, is asked anew as each job begins. One record for a whole run
// would have to name files before they were hashed, or come after their
// analysis. The price is two records a file: 99,000 for the largest seizure
// that was thought of.
//
// Where two files of one camera meet, objects are cut. At the end of a run each
// such join is looked at: a track that reaches the end of the one file goes on
// in the next where place, pace, size and class allow it, nearest first, as far
// as an object can have gone in the time that nobody saw it. What finds no other
// half is marked as cut, so that its sudden end is not taken for an event. No
// appearance plays a part. Files stay recordings of their own, with their own
// hashes and track numbers; the join is a remark on both tracks. Only pairs
// whose starts are known by the recorder's clock and that meet within two
// seconds are joined.
//
// # Many machines, as meant
//
// The same jobs on Postgres through River's other driver, one queue a
// procedure, so that a coordinator's fairness is the number of workers it asks
// for. The index is one SQLite file with one writer, and the journal one
// chain: both stay with the coordinator, and no file system shared over a
// network holds either open. A worker machine gets a reference, finds the
// recording by mapping the coordinator's folder to its own, and leaves a
// chunk's messages on shared storage, sealed with the procedure's key; the
// coordinator takes them in as it takes in those of a local worker. What
// saturates first is therefore the coordinator's commit of a chunk, not the
// queue.
//
// # Alternatives
//
//   - Pairing files by what is in their pictures: no; names, containers and
//     folders do, and can be explained to a court.
//   - A table of our own in place of River: River brings retries with delays,
//     priorities, and the same code on SQLite and on Postgres.
//   - A chunk as the job: fifty thousand files of five minutes are as many jobs
//     either way; longer recordings already run in parallel inside their job.
package batch
