package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/models"
)

func newModelsCommand(a *app) *cobra.Command {
	return group("models", "List, install and verify the models that may be loaded",
		newModelsListCommand(a), newModelsInstallCommand(a), newModelsVerifyCommand(a))
}

// modelRow is one model as --json prints it.
type modelRow struct {
	Name    string       `json:"name"`
	Task    models.Task  `json:"task"`
	State   models.State `json:"state"`
	Loaded  bool         `json:"loadable"`
	Licence string       `json:"licence"`
	Grey    bool         `json:"licence_unclear,omitempty"`
	Source  string       `json:"source"`
	SHA256  string       `json:"sha256"`
	Bytes   int64        `json:"bytes"`
	Path    string       `json:"path"`
	Error   string       `json:"error,omitempty"`
}

func modelRows(list []models.Status) []modelRow {
	var out []modelRow
	for _, s := range list {
		r := modelRow{
			Name: s.Model.Name, Task: s.Model.Task, State: s.State, Loaded: s.Model.Loadable(), Licence: s.Model.Licence,
			Grey: s.Model.Grey, Source: s.Model.Source, SHA256: s.Model.SHA256, Bytes: s.Model.Bytes, Path: s.Path,
		}
		if s.Err != nil {
			r.Error = s.Err.Error()
		}
		out = append(out, r)
	}
	return out
}

func newModelsListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the models on the manifest and what is installed",
		Long: `List the models on the manifest and what is installed. Only these load; a file
with another hash does not.
` + exitStatus,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withModels(c, journal.SubModelList, func(m *models.Manifest, dir string, act *engine.Act) error {
				list := modelRows(m.Verify(dir))
				if err := act.Record(journal.Details{}); err != nil {
					return err
				}
				return a.print(list, func(w io.Writer) error { return printModels(w, list) })
			})
		},
	}
}

func newModelsVerifyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Hash the installed models and compare them with the manifest",
		Long:  "Hash the installed models and compare them with the manifest.\n" + exitStatus,
		Args:  argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withModels(c, journal.SubModelList, func(m *models.Manifest, dir string, act *engine.Act) error {
				var list []models.Status
				var wrong []string
				for _, s := range m.Verify(dir) {
					if s.State == models.Absent {
						continue
					}
					list = append(list, s)
					if s.State == models.Wrong {
						wrong = append(wrong, s.Model.Name)
					}
				}
				if len(list) == 0 {
					if err := act.Record(journal.Details{Result: "none installed"}); err != nil {
						return err
					}
					a.notef("no model is installed in %s; install them with posteriori models install --from DIR", dir)
					return a.print([]modelRow{}, func(io.Writer) error { return nil })
				}
				rows := modelRows(list)
				result := fmt.Sprintf("%d right, %d wrong", len(list)-len(wrong), len(wrong))
				if err := act.Record(journal.Details{Result: result}); err != nil {
					return err
				}
				if err := a.print(rows, func(w io.Writer) error { return printModels(w, rows) }); err != nil {
					return err
				}
				if len(wrong) > 0 {
					return fault.New(fault.Integrity, "not what the manifest names: %s", strings.Join(wrong, ", ")).OnFile(dir).
						UnderRule("11").WithHint("remove the file and install the model again; tell the data controller")
				}
				return nil
			})
		},
	}
}

func newModelsInstallCommand(a *app) *cobra.Command {
	var from string
	c := &cobra.Command{
		Use:   "install [MODEL…]",
		Short: "Put models into the store, from a folder or an address",
		Long: `Put models into the store: those named, or all that this version loads. Each is
copied beside its place, hashed, and moved there only when its hash is the
manifest's. Without --from each model's own address is used, where it has one.
` + exitStatus,
		Example: "  posteriori models install --from /media/usb/models --reason \"installation\"",
		Args:    argsBetween(0, -1),
		RunE: func(c *cobra.Command, names []string) error {
			return a.withModels(c, journal.SubModel, func(m *models.Manifest, dir string, act *engine.Act) error {
				bar := newInstallBar(a.stderr)
				var done []models.Status
				var changed []journal.Model
				err := m.Install(c.Context(), from, dir, names, func(p models.Progress) {
					bar.show(p)
					if p.State == models.Installing {
						return
					}
					done = append(done, models.Status{Model: p.Model, State: p.State})
					changed = append(changed, journal.Model{Name: p.Model.Name, SHA256: p.Model.SHA256})
				})
				bar.stop()
				if err != nil {
					act.About(journal.Details{Models: changed})
					return err
				}
				if err := act.Record(journal.Details{Models: changed}); err != nil {
					return err
				}
				rows := modelRows(done)
				return a.print(rows, func(w io.Writer) error {
					for _, r := range rows {
						fmt.Fprintf(w, "%s: %s\n", r.Name, r.State)
					}
					return nil
				})
			})
		},
	}
	c.Flags().StringVar(&from, "from", "", "`folder or address` that holds the files")
	return c
}

// withModels runs an act on the store's models. Listing them needs no reason.
func (a *app) withModels(c *cobra.Command, sub journal.Sub, do func(*models.Manifest, string, *engine.Act) error) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	m, err := models.Load()
	if err != nil {
		return err
	}
	op := journal.Consult
	reason := a.reason
	if sub == journal.SubModel {
		op = journal.Modify
	} else if reason == "" {
		reason = "state of the models"
	}
	spec := engine.ActSpec{Operation: op, Sub: sub, Reason: reason}
	return store.Do(c.Context(), spec, func(act *engine.Act) error { return do(m, store.ModelsDir(), act) })
}

func printModels(w io.Writer, rows []modelRow) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MODEL\tTASK\tSTATE\tLICENCE\tMB\tSHA-256")
	for _, r := range rows {
		licence := r.Licence
		if r.Grey {
			licence += " (unclear)"
		}
		state := string(r.State)
		if !r.Loaded {
			state += ", not loaded by this version"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.1f\t%s\n", r.Name, r.Task, state, licence, float64(r.Bytes)/1e6, r.SHA256[:12])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Error != "" {
			fmt.Fprintln(w, r.Error)
		}
	}
	return nil
}
