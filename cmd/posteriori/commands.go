package main

import "github.com/spf13/cobra"

// commands lists every command, in the order in which a procedure meets them.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		newInitCommand(a),
		newModelsCommand(a),
		newProcedureCommand(a),
		newImportCommand(a),
		newAnalyseCommand(a),
		newQueryCommand(a),
		newSynopsisCommand(a),
		newExportCommand(a),
		newJournalCommand(a),
		newDoctorCommand(a),
	}
}
