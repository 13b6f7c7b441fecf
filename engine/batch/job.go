package batch

import (
	"context"
	"errors"
)

// Job is a reference to one file of one batch. The queue holds no more of it.
type Job struct {
	Batch, Item int64
	Priority    int  // 1 first, 4 last
	Attempt     int  // from 1; set by the queue
	Last        bool // no further attempt follows; set by the queue
}

// ErrAgain is wrapped by what a [Do] returns of a job that may go well another
// time: a disk that is not mounted, a full one.
var ErrAgain = errors.New("to be tried again")

// Do does one job. It may be called again for a job that was done, and must
// change nothing then. After an error that wraps [ErrAgain] it is called again
// later, unless the job says that it was the last time; after any other the job
// is over. When ctx ends, the job waits for the next run.
type Do func(ctx context.Context, j Job) error

// Queue holds the jobs that are to be done. What it holds can be made anew from
// the index at any time.
type Queue interface {
	// Add puts jobs in; those that are in and not done yet stay as they are.
	Add(ctx context.Context, jobs []Job) error
	// Work gives jobs to do, at most at at a time, by priority and then in
	// order, until ctx ends; it returns when the last call of do has.
	Work(ctx context.Context, at int, do Do) error
}
