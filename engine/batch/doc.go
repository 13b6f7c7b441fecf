// Package batch analyses whole seizures: it plans what to look at, works
// through it for days or weeks, and accounts for every file.
//
// # Status
//
// Built: the manifest and its plan (package survey), runs on one machine (this
// package, and package queue) and on many (package machines), and the joins of
// files.
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
// # Many machines
//
// The index is one SQLite file with one writer, and the journal one chain: both
// stay with the coordinator, and no file system shared over a network holds
// either open. So does the queue of files, in SQLite as on one machine; imports
// are acts, and acts are the coordinator's. What goes to other machines is the
// chunk, in place of a worker process here (package machines, an
// [posteriori/engine/analysis.Runner]): all that an analysis does about chunks,
// trying again, giving up, committing, stitching, is the same code on one machine
// and on many, and so is the index.
//
// The coordinator leaves a task file in a spool folder on shared storage and puts
// a row into a Postgres, by River's other driver (package queue, Shared). A
// machine takes the row, reads the task, looks whether the original where it sees
// it has the hash that was imported, has its own posteriori-worker analyse the
// chunk, leaves the messages of that in the spool, and the coordinator takes them
// in with the same distrust as from a local worker. A row is two names, keyed
// hashes of the batch and of (hash of the file, chunk, identity of the pipeline),
// so a task that is done twice, or for a coordinator that has since been killed,
// is the same task with the same result.
//
// Reading the originals is a task too: for the hash at import, for what the file
// is, and for the hashes before and after the analysis (rule 21). The coordinator
// looks at size and time of change only, and reads a file itself when a machine
// says that it was altered, so that a machine which sees another file raises no
// alarm.
//
// Secrets. Everything is made from the procedure's key by HKDF: a run's name, a
// token, the key that names tasks, and an X25519 pair. The queue has name, token
// and public key. Task files, which hold the path, are sealed with the token
// (AES-256-GCM): they take the queue and the spool together to read. Results are
// sealed for the public key (HPKE, RFC 9180): a machine that wrote one cannot
// read it again, no machine ever holds the procedure's key, and a result that
// lies about after a crash dies with that key, as the index does. (A run that
// ends in order leaves none.) A pair made
// anew for each run would leave a killed coordinator with results that nobody can
// open. The token is among what HPKE binds, so that who sees the public key alone
// can forge nothing. A machine itself is trusted as this one is: it has the
// recordings.
//
// Law. A coordinator renews its run in the queue every two seconds. A machine
// asks as each task begins, and every second while it works, whether the run is
// there and was renewed within ten; if not, or if the queue does not answer for
// ten, it stops. A veto, a revocation or a pause ends the analysis at the
// coordinator within a second, as on one machine, and with it the run: machines
// stop in the next. A coordinator that died stops them in ten. Results that come
// after are opened by nobody.
//
// Fairness. Rows are taken by priority and then in order, of whatever procedure;
// a coordinator has no more than twice as many in the queue as all machines do at
// a time. With as many rows each, procedures get as many machines each, and a
// small one waits for a few chunks of a big one, never for all.
//
// Trying again. There is one policy, for files: 10 seconds, a minute, ten
// minutes, an hour; to be killed with the coordinator is no try. Beneath it a
// chunk on which a worker breaks off is tried once more, as on one machine; and a
// machine that could not even begin, or went away, hands its task to others,
// twice. Whatever no machine can do comes back as a file that waits, then fails,
// with the reason: the dead letters are the failed lines of posteriori batch
// status.
//
// Builds. Machines take tasks of coordinators with the same programs, libraries
// and kind of device only (the name of River's queue is a hash of those), so that
// the identity of an analysis is one whoever did it. The price: a coordinator
// needs a card to have cards work for it.
//
// # A thousand machines, on paper
//
// Measured by make bench SUITE=scale and by the benchmarks of packages queue,
// machines and index, on two cores under load: a chunk costs the coordinator 3.5
// ms of processor time and the database 2.3 ms; a row is put in within 2.1 ms,
// the ends of a thousand are asked for within .3 ms (twenty times a second),
// their mending takes 1.2 ms (every three seconds); a machine that waits costs
// the database .9 to 1.4 ms each second; 600 MB/s are sealed, and as many opened; a
// chunk of 20 objects and 250 kB is committed within 13 to 28 ms, most of it
// waiting for the disk. Journal (SUITE=journal): 8,000 records a second and more
// with 256 acts at once. One core analyses 1080p with a tenth of the time active
// at 5.4 times real time (SUITE=speed): 55 s for a chunk of five minutes.
//
// A thousand machines of 16 cores then end 290 chunks a second. In the order in
// which things give way:
//
//  1. The storage. A file of the largest seizure thought of is 700 MB, five
//     chunks, 275 s of a core. It is read for its hash three times, to see what
//     it is once, by each machine that has a chunk of it once (four or five of
//     them), and for the analysis once: ten times, 7 GB, if no machine's cache
//     has it. 100 Gbit/s feed 490 cores, 30 machines. That is the first limit by
//     far, and more of the queue would not lift it. What would: storage that
//     scales, giving the chunks of a file to the machine that has read it (a
//     queue for each machine beside the common one), hashes of parts of a file in
//     place of the whole.
//  2. Postgres's connections: a machine holds one or two, four at most; past 25
//     machines max_connections (100) must be raised, past some hundred a pooler
//     put before it. Nothing here listens, so pooling by transaction should do (not tried),
//     but for the migration's lock.
//  3. The coordinator's commits, one at a time: 35 to 75 chunks a second of one
//     procedure, 2,000 to 4,000 cores. A disk that syncs in a tenth of a
//     millisecond lifts it to what the processor allows, 200. Then chunks of ten
//     minutes, or several procedures at once, each with a coordinator of its own.
//  4. The database's processor: 290 chunks a second, with their files' reads some
//     520 rows, take 1.2 cores, a thousand waiting machines one.
//  5. The coordinator's window: 32,000 tasks in the queue, as many goroutines, and
//     a question about all of them twenty times a second, 10 ms each.
//
// So a thousand machines are for several procedures, with storage made for it;
// thirty are what one share and one coordinator keep busy without further work.
//
// # Alternatives
//
//   - Pairing files by what is in their pictures: no; names, containers and
//     folders do, and can be explained to a court.
//   - A table of our own in place of River: River brings retries with delays,
//     priorities, and the same code on SQLite and on Postgres.
//   - A chunk as the job on one machine: fifty thousand files of five minutes are
//     as many jobs either way; longer recordings already run in parallel inside
//     their job.
//   - Files as the jobs of many machines: a recording of a day would keep one
//     machine for hours while others idle, and one that dies would lose them.
//   - Results through Postgres: a chunk of a busy street is some megabytes, and
//     the queue would hold what was found.
//   - LISTEN and NOTIFY in place of asking four times a second: a connection that
//     a machine holds open for it is what a Postgres runs out of first.
package batch
