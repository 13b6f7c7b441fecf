// Package procedure is what the law asks of one judicial procedure: its legal
// frame, its authorisation, the rules that refuse, retention and closing.
//
// Status: current. A [Document] is a value. Functions here take one and give a
// changed one or a refusal (a fault.Refused with the rule's number); they
// touch no file and no journal: the engine records.
// Article numbers are data (rules.yaml), with the date of the texts.
//
// # The law and where it is kept
//
// Every row of the law table (the rules of rules.yaml, by their number), the
// code that keeps it and the tests that fail when it does not. A name is
// package.Name or package.Type.Method, engine and models are those folders,
// program is cmd/posteriori, worker is cmd/posteriori-worker, and script/NAME
// is a script test of the program. TestLawTable keeps this table whole.
//
//	row code                             tests
//	1   evidence.Hash                    evidence.TestRule1
//	    evidence.CheckPath               script/import
//	2   procedure.CheckID                procedure.TestRules8And9And2
//	    engine.Store.OpenProcedure       engine.TestBeginRefusals
//	                                     program.TestNoCommandReachesTwoProcedures
//	                                     program.TestProceduresStayApart
//	                                     script/procedure
//	3   procedure.Check                  procedure.TestRule3
//	                                     script/procedure
//	4   procedure.MayAnalyse             procedure.TestRule4
//	    procedure.MayConsult             procedure.TestAnalysisFollowsLastWord
//	    engine.Act.Watch                 engine.TestWatchStopsRunningJobs
//	5   access.Check                     access.TestDesignated
//	    access.Register.Acting           access.TestActing
//	    engine.Store.Begin               engine.TestOnlyDesignatedUsersAct
//	    engine.Act.ChangeUsers           engine.TestNobodyDesignatesHimself
//	                                     script/accounts
//	6   access.User.Line                 access.TestHistory
//	    access.Register.At               access.TestLine
//	    report.Habilitation              script/user
//	7   access.Matrix                    access.TestMatrix
//	    access.Allowed                   script/user
//	8   procedure.CheckReason            procedure.TestRules8And9And2
//	    engine.Store.Begin               engine.TestBeginRefusals
//	                                     script/init
//	9   procedure.MayImport              procedure.TestRules8And9And2
//	                                     script/import
//	10  plate.Mask                       plate.TestMaskHides
//	    index.Store.Unmask               index.TestPlatesAreMasked
//	    query.PlateShown                 query.TestNoOutputSaysAMaskedPlate
//	    engine.Procedure.CommitPlate     engine.TestPlateCommitments
//	    engine.Act.MaySearchPlates       engine.TestMaySearchPlates
//	    access.Plates                    engine.TestPlatesAreNotGuessed
//	                                     access.TestMatrix
//	                                     script/plates
//	11  models.Inspect                   models.TestListedHashDoesNotHelp
//	    engine.Store.Alert               models.TestPlantedModelIsRefused
//	                                     engine.TestRefusedModelAlerts
//	                                     worker.TestLinksNoBiometrics
//	                                     program.TestClothingLinksNobody
//	                                     program.TestCommandsTakeNoPicture
//	12  report.Mention                   procedure.TestRemaining
//	    procedure.Remaining              script/close
//	13  report.Exploitation              procedure.TestRemaining
//	    procedure.Remaining              procedure.TestClosingProperties
//	                                     script/close
//	14  procedure.Deadline               procedure.TestDeadline
//	    procedure.Stand                  procedure.TestRetentionProperties
//	    engine.Store.PurgeDue            engine.TestActsEraseWhatIsDueFirst
//	    engine.Act.Watch                 engine.TestDueIsNotReadBesideAJob
//	    engine.ErrOverdue                engine.TestInterruptedErasureGoesOn
//	    engine.Store.ConfirmClock        engine.TestLeapingClockErasesNothing
//	                                     engine.TestVouchedDatesErase
//	    engine.Store.Backup              engine.TestPurgeDue
//	    engine.Restore                   engine.TestErasureReachesBackups
//	                                     script/retention
//	                                     script/backup
//	15  procedure.CheckOrder             procedure.TestCheckOrder
//	    index.Store.EraseTrack           index.TestEraseTrack
//	    index.Store.Rectify              index.TestRectify
//	16  engine.Act.Record                engine.TestOneRecordPerAct
//	    journal.Log.Append               engine.TestNoRecordNoAct
//	                                     journal.TestCrashAtEveryByte
//	                                     script/names
//	17  access.Matrix                    access.TestMatrix
//	                                     script/user
//	                                     script/journal
//	18  journal.VerifyDir                journal.TestMutations
//	    journal.CheckKeyFile             journal.TestForks
//	    engine.Store.Users               journal.TestKeyFile
//	    engine.Store.OpenProcedure       engine.TestSealedFiles
//	    journal.Log.Sealed               engine.TestProcedureWrittenByHand
//	    evidence.CheckPlace              evidence.TestCheckPlace
//	    engine.Store.AlertTouched        engine.TestAlterationAlerts
//	                                     script/adversary
//	                                     engine.TestKilledWhileChanging
//	                                     journal.TestSealedCarriesOn
//	                                     engine.TestOpenModes
//	19  engine.Init                      engine.TestRealStore
//	    engine.Act.ChangeDeployment      engine.TestChangeDeployment
//	                                     script/user
//	20  index.Store.Decide               index.TestDecisions
//	    report.NewFinding                index.TestStatusFollowsDecisions
//	21  evidence.Check                   evidence.TestCheck
//	    evidence.Unchanged               analysis.TestOriginalChanges
//	    evidence.Sweep                   evidence.TestKilledWorkIsSwept
//	                                     script/originals
//	22  journal.Model                    program.TestKilledRunsGiveTheSameIndex
//	    engine.BuildOf
//	23  journal.NewStats                 journal.TestStats
//	    engine.Act.JournalStats          engine.TestJournalStats
package procedure
