package main

// What users read follows one set of rules. Results go to standard output;
// everything else to standard error. An error is one line, "posteriori: file:
// what is wrong", lower case, no full stop, then a line "hint: what to do".
// With --json results and errors are JSON. The exit status is the fault.Kind.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

// version is set by the linker.
var version = "dev"

// exitStatus documents the statuses; each command's Long text ends with it.
const exitStatus = `
EXIT STATUS
  0    done
  1    failed
  2    the command line is wrong
  3    refused: the law or a rule forbids it (the refusal is in the journal)
  4    a file cannot be used as what it was given for
  5    a hash, a signature or the journal does not match
  6    a program, library or model is missing (see posteriori doctor)
  7    no such procedure, recording or track
  8    the disk is full or cannot be written
  130  interrupted`

// app is what all commands share: the streams and the persistent flags.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	store     string // --store
	procedure string // -p, --procedure
	reason    string // --reason
	json      bool   // --json

	ops *operations
}

func newApp(in io.Reader, out, errs io.Writer) *app {
	return &app{stdin: in, stdout: out, stderr: errs, ops: newOperations()}
}

// execute runs one command line and returns the exit status.
func (a *app) execute(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := a.root()
	root.SetArgs(args)
	err := patiently(ctx, func() error { return root.ExecuteContext(ctx) })
	a.ops.end(err)
	if err == nil {
		return 0
	}
	if strings.HasPrefix(err.Error(), "unknown command") { // cobra has no type for it
		err = fault.New(fault.Usage, "%s", strings.SplitN(err.Error(), "\n", 2)[0]).WithHint("see posteriori --help")
	}
	if ctx.Err() != nil && fault.KindOf(err) == fault.Internal {
		err = fault.Wrap(fault.Interrupted, err, "interrupted").WithHint("run the same command again to go on")
	}
	a.printError(err)
	return int(fault.KindOf(err))
}

// patience is how long a command that was interrupted may take to end: workers
// get some seconds to stop, and a busy disk may take more.
const patience = 30 * time.Second

// patiently runs a command to its end, or until it was interrupted and does not
// come to one: a network share that was mounted to wait for its server holds
// whoever reads there for as long as that is away. To leave then is as safe as to
// be killed: what was finished is kept.
func patiently(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return fault.Wrap(fault.Interrupted, context.Cause(ctx), "interrupted, and left as a disk or share did not answer").
			WithHint("see that it is there, then run the same command again to go on")
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "posteriori",
		Short: "Deferred video analysis for judicial police, without biometrics",
		Long: `posteriori finds the moving and left objects in seized recordings, inside one
authorised procedure: it says what they are, lets an analyst filter them, shows
hours in minutes, and keeps a tamper-evident journal. It has no face and no
appearance-similarity function.

Every act names its procedure (-p) and its reason (--reason).
` + exitStatus,
		Version:           version,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fault.Wrap(fault.Usage, err, "wrong option").WithHint("see %s --help", c.CommandPath())
	})
	f := root.PersistentFlags()
	f.StringVar(&a.store, "store", os.Getenv("POSTERIORI_STORE"), "store `directory` (default $POSTERIORI_STORE, else ~/.local/share/posteriori)")
	f.StringVarP(&a.procedure, "procedure", "p", os.Getenv("POSTERIORI_PROCEDURE"), "procedure `ID` (default $POSTERIORI_PROCEDURE)")
	f.StringVar(&a.reason, "reason", os.Getenv("POSTERIORI_REASON"), "why this act is done; goes into the journal (default $POSTERIORI_REASON)")
	f.BoolVar(&a.json, "json", false, "print results and errors as JSON")
	root.AddCommand(a.commands()...)
	return root
}

// usage makes the error for a wrong command line.
func usage(c *cobra.Command, format string, args ...any) error {
	return fault.New(fault.Usage, format, args...).WithHint("see %s --help", c.CommandPath())
}

// argsBetween checks the number of arguments as a usage error.
func argsBetween(lo, hi int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < lo {
			return usage(c, "%s needs an argument more", c.CommandPath())
		}
		if hi >= 0 && len(args) > hi {
			return usage(c, "unexpected argument %q", args[hi])
		}
		return nil
	}
}

// group is a command that only holds others.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: short + ".\n" + exitStatus,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(c, "%s has no command %q", c.CommandPath(), args[0])
			}
			return c.Help()
		},
	}
	c.AddCommand(sub...)
	return c
}

// storeDir is the store's directory: --store, the environment, or the default.
func (a *app) storeDir() (string, error) {
	if a.store != "" {
		return filepath.Abs(a.store)
	}
	if d := os.Getenv("XDG_DATA_HOME"); d != "" {
		return filepath.Join(d, "posteriori"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fault.New(fault.Usage, "no store directory is known").WithHint("name one with --store")
	}
	return filepath.Join(home, ".local", "share", "posteriori"), nil
}

// openStore opens the store that the flags name.
func (a *app) openStore() (*engine.Store, error) {
	dir, err := a.storeDir()
	if err != nil {
		return nil, err
	}
	store, err := engine.Open(dir)
	if err != nil {
		return nil, err
	}
	if at := os.Getenv("POSTERIORI_TEST_CLOCK"); at != "" {
		start, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return nil, fault.New(fault.Usage, "$POSTERIORI_TEST_CLOCK is no time like 2028-03-01T10:00:00Z")
		}
		set, err := store.WithTestClock(start)
		if err != nil { // a refusal is an act of its own
			spec := engine.ActSpec{Operation: journal.Modify, Sub: journal.SubCompliance, Reason: a.reason}
			return nil, store.Do(context.Background(), spec, func(*engine.Act) error { return err })
		}
		store = set
	}
	var told sync.Map // a batch does many acts, with the same to say in each
	store.OnNotice(func(line string) {
		if _, again := told.LoadOrStore(line, true); !again {
			a.notef("%s", line)
		}
	})
	return store, nil
}

// needProcedure is the procedure's ID, or a usage error.
func (a *app) needProcedure(c *cobra.Command) (string, error) {
	if a.procedure == "" {
		return "", fault.New(fault.Usage, "no procedure is named").
			WithHint("name it with -p ID or $POSTERIORI_PROCEDURE; posteriori procedure list shows them")
	}
	return a.procedure, nil
}

// print writes v as JSON with --json, else calls text.
func (a *app) print(v any, text func(w io.Writer) error) error {
	if !a.json {
		return text(a.stdout)
	}
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// notef tells the user something beside the result.
func (a *app) notef(format string, args ...any) {
	fmt.Fprintf(a.stderr, format+"\n", args...)
}

func (a *app) printError(err error) {
	var e *fault.Error
	if !errors.As(err, &e) {
		e = fault.New(fault.Internal, "%s", err)
	}
	if a.json {
		_ = json.NewEncoder(a.stderr).Encode(map[string]any{"error": map[string]any{
			"kind": e.Kind.String(), "status": int(e.Kind), "file": e.File, "rule": e.Rule,
			"message": err.Error(), "hint": e.Hint,
		}})
		return
	}
	fmt.Fprintf(a.stderr, "posteriori: %s\n", err)
	if e.Rule != "" {
		fmt.Fprintf(a.stderr, "rule: %s\n", e.Rule)
	}
	if e.Hint != "" {
		fmt.Fprintf(a.stderr, "hint: %s\n", e.Hint)
	}
}
