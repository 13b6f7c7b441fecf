package main

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
)

//go:embed units
var unitFiles embed.FS

// unitNames are the files of posteriori store units; with a spool there is that
// of a worker machine, too.
var unitNames = []string{"posteriori-batch@.service", "posteriori-purge.service", "posteriori-purge.timer"}

const workerUnit = "posteriori-batch-worker.service"

// unitOptions fill the units in.
type unitOptions struct {
	out                  string
	User, Group, Metrics string
	Program, Store       string
	Reason               string
	Keys                 []string // folders of the backups' keys
	Mail                 bool     // alerts go by mail
	Shared               bool     // the store is a group's
	Spool, Models        string   // of batches on many machines
}

func newStoreUnitsCommand(a *app) *cobra.Command {
	var o unitOptions
	c := &cobra.Command{
		Use:   "units -o DIR --user NAME",
		Short: "Write systemd units for batches and for the daily erasure",
		Long: `Write units for systemd, made for this store and this program:

  posteriori-batch@.service  goes on with the last batch of the procedure that the
                             instance names, after a start and after a crash; its
                             log goes to the system's, by reference alone
  posteriori-purge.service   posteriori purge --due,
  posteriori-purge.timer     every day

With --spool, the folder of batches on many machines, the batch's unit reads the
queue's address from /etc/posteriori/queue.env, and there is also

  posteriori-batch-worker.service  posteriori batch worker, for each machine that
                             works for the batches: both programs, the spool and
                             the models lie there as they do here

They act as the account of --user, which the store's register must know: for
batches an officer or agent who is habilitated and assigned, for the erasure also
an administrator. Look through them, then copy them to /etc/systemd/system. The
reason of the batch's acts is --reason.
` + exitStatus,
		Example: `  posteriori store units -o units --user opj-martin --metrics 127.0.0.1:9464 --reason "exploitation des scellés 4 et 5"
  systemctl enable --now posteriori-purge.timer posteriori-batch@2026-00123`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.out == "" || o.User == "" {
				return usage(c, "say where with -o DIR, and who acts with --user NAME")
			}
			return a.storeUnits(o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "output", "o", "", "`folder` for the units")
	f.StringVar(&o.User, "user", "", "`account` that acts")
	f.StringVar(&o.Group, "group", "", "`group` of the account, where the store is shared")
	f.StringVar(&o.Spool, "spool", "", "`folder` on shared storage of batches on many machines; writes the unit of a worker machine, too")
	f.StringVar(&o.Models, "models", "", "`folder` with the models on worker machines (default: the store's)")
	f.StringVar(&o.Metrics, "metrics", "", "show figures for Prometheus on this `address`, 127.0.0.1:PORT")
	return c
}

func (a *app) storeUnits(o unitOptions) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	if o.Program, err = os.Executable(); err != nil {
		return fault.Wrap(fault.Internal, err, "the program does not know where it is")
	}
	o.Store, o.Reason = store.Dir(), cmp.Or(a.reason, "batch of the procedure")
	if o.Keys, err = store.BackupKeys(); err != nil {
		return err
	}
	o.Shared = store.Group() != ""
	o.Mail = store.Deployment().Alert.SMTP != ""
	names := unitNames
	if o.Spool != "" {
		if !filepath.IsAbs(o.Spool) {
			return fault.New(fault.Usage, "--spool %q is no absolute folder", o.Spool)
		}
		o.Models = cmp.Or(o.Models, store.ModelsDir())
		names = append(names[:len(names):len(names)], workerUnit)
	}
	for _, s := range []string{o.User, o.Group, o.Metrics} {
		if strings.ContainsAny(s, " \t\r\n\"'%") {
			return fault.New(fault.Usage, "%q cannot stand in a unit", s)
		}
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return fault.Wrap(fault.NoSpace, err, "the units cannot be written").OnFile(o.out)
	}
	for _, name := range names {
		text, err := unitText(name, o)
		if err != nil {
			return err
		}
		w, err := evidence.Create(filepath.Join(o.out, name), true)
		if err != nil {
			return err
		}
		if _, err = w.Write(text); err != nil {
			w.Abort()
			return err
		}
		if _, err = w.Commit(); err != nil {
			return err
		}
	}
	return a.print(map[string]any{"folder": o.out, "units": names}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\nlook through them, copy them to /etc/systemd/system, then: systemctl daemon-reload\n", strings.Join(names, "\n"))
		return err
	})
}

func unitText(name string, o unitOptions) ([]byte, error) {
	b, err := unitFiles.ReadFile("units/" + name)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Funcs(template.FuncMap{"quote": quoteUnit, "env": func(k, v string) string { return quoteUnit(k + "=" + v) }}).Parse(string(b))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, o)
	return out.Bytes(), err
}

// quoteUnit writes a word as systemd reads it back (systemd.syntax(7),
// systemd.unit(5) on specifiers).
func quoteUnit(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "%", "%%").Replace(s) + `"`
}
