package main

import (
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
)

func newStoreCommand(a *app) *cobra.Command {
	return group("store", "Back a store up, put it back, have it served", newStoreBackupCommand(a), newStoreRestoreCommand(a), newStoreUnitsCommand(a))
}

func newStoreBackupCommand(a *app) *cobra.Command {
	var out, keys string
	c := &cobra.Command{
		Use:   "backup -o DIR --keys KEYS",
		Short: "Copy the store, which may be in use",
		Long: `Copy the store, which may be in use, into a new folder: register, journals, the
index and the derived files of each procedure. Each procedure is copied as it is
at one moment. Originals are exhibits and not in it; models are installed anew.
sha256sum -c MANIFEST.sha256 checks the folder.

Nothing of what was found can be read in it without its keys, one for each
procedure and made for this backup alone. They go into the folder of --keys, with
the journals' signing key: keep that on another medium than backups and store,
locked away. Each erasure, of a track, of a recording or of a procedure, destroys
the keys of the procedure's earlier backups there, so that what the law has
erased is erased in them too (CPP 230-22). While that medium is away this is
pending: every act tries again and says so, and so does posteriori doctor. After
an erasure make a new backup. Never copy the folder of keys: no erasure would
reach the copy.

It is an act, for administrators.
` + exitStatus,
		Example: `  posteriori store backup -o /backups/2026-03-01 --keys /media/keys --reason "weekly backup"`,
		Args:    argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" || keys == "" {
				return usage(c, "say where with -o DIR, and where its keys go with --keys DIR")
			}
			return a.storeBackup(c, out, keys)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "new `folder` for the backup")
	c.Flags().StringVar(&keys, "keys", "", "`folder` for its keys, on another medium")
	return c
}

func (a *app) storeBackup(c *cobra.Command, out, keys string) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	b, err := store.Backup(c.Context(), a.reason, out, keys)
	if err != nil {
		return err
	}
	if sameDisk(out, keys) {
		a.notef("warning: the backup and its keys lie on one disk: whoever has it can read both, and one failure takes both")
	}
	return a.print(struct {
		engine.Backup
		SHA256 string `json:"manifest_sha256"`
	}{b, b.SHA256}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "backup %s of %d procedures is in %s\nmanifest  SHA-256 %s\njournal   %s\n",
			b.ID, len(b.Procedures), fault.Printable(out), b.SHA256, b.Journal)
		return err
	})
}

func newStoreRestoreCommand(a *app) *cobra.Command {
	var keys string
	var without []string
	c := &cobra.Command{
		Use:   "restore DIR --keys KEYS --store STORE",
		Short: "Make a new store of a backup",
		Long: `Make a new store, in the absent or empty folder of --store, of a backup and its
keys. Every file of the backup is compared with its hash first. Each journal gets
a record that names the backup, so that one which goes on from an older state
says why; whoever holds a later checkpoint of it still sees what is missing.

A procedure that was purged since stays purged: its key in the backup was
destroyed. One of which a track or a recording was erased since is refused: take
a later backup, or restore its journal and document alone with --without. What is
due to be erased by then is erased with the first act.

It is an act, for whoever administers the store by the backup's register. Look
through the new store with posteriori doctor --store; install the models with
posteriori models install; batches go on with posteriori batch resume.
` + exitStatus,
		Example: `  posteriori store restore /backups/2026-03-01 --keys /media/keys --store /srv/posteriori --reason "disk failed"`,
		Args:    argsBetween(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if keys == "" || !c.Flags().Changed("store") {
				return usage(c, "say where the keys are with --keys DIR, and where the store goes with --store DIR")
			}
			return a.storeRestore(c, args[0], keys, without)
		},
	}
	c.Flags().StringVar(&keys, "keys", "", "`folder` with the backup's keys")
	c.Flags().StringArrayVar(&without, "without", nil, "`procedure` of which no data is restored (may be repeated)")
	return c
}

func (a *app) storeRestore(c *cobra.Command, from, keys string, without []string) error {
	dir, err := a.storeDir()
	if err != nil {
		return err
	}
	r, err := engine.Restore(c.Context(), from, keys, dir, a.reason, without)
	if err != nil {
		return err
	}
	return a.print(r, func(w io.Writer) error {
		fmt.Fprintf(w, "backup %s, made %s, is restored in %s\n", r.Backup, r.Made, fault.Printable(dir))
		for _, l := range []struct {
			label string
			ids   []string
		}{{"with data", r.Procedures}, {"without", r.Purged}} {
			if len(l.ids) > 0 {
				fmt.Fprintf(w, "%-9s  %s\n", l.label, strings.Join(l.ids, ", "))
			}
		}
		return nil
	})
}

// sameDisk says whether two folders are on one file system.
func sameDisk(a, b string) bool {
	var x, y syscall.Stat_t
	return syscall.Stat(a, &x) == nil && syscall.Stat(b, &y) == nil && x.Dev == y.Dev
}
