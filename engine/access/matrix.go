package access

import (
	"slices"

	"posteriori/engine/journal"
)

// Role is what a user is in a store. A user may have several.
type Role string

// The roles: officier and agent de police judiciaire (OPJ, APJ), the
// magistrate in charge, the controller (magistrat référent, CNIL), the auditor
// of the service, and whoever administers the store.
const (
	Officer       Role = "officer"
	Agent         Role = "agent"
	Magistrate    Role = "magistrate"
	Controller    Role = "controller"
	Auditor       Role = "auditor"
	Administrator Role = "administrator"
)

// Roles lists every role.
var Roles = []Role{Officer, Agent, Magistrate, Controller, Auditor, Administrator}

// assigned says whether a role acts only in the procedures it is assigned to.
// Those who control the store, and who keep it running, are not.
func (r Role) assigned() bool { return r == Officer || r == Agent || r == Magistrate }

// habilitated says whether a role needs a habilitation for acts on data: the
// law asks it of the agents who use the software (CPP R. 40-39).
func (r Role) habilitated() bool { return r == Officer || r == Agent }

// Nature is a nature of data that a habilitation covers.
type Nature string

// The natures.
const (
	Video  Nature = "video"  // recordings, and what is derived from them
	Plates Nature = "plates" // number plates in clear text
)

// Natures lists every nature.
var Natures = []Nature{Video, Plates}

// Grant is a row of the [Matrix].
type Grant struct {
	Roles  []Role
	Nature Nature // of the data that the act touches; none when it touches none
	Looks  bool   // the act shows what analysis found
}

// The groups of roles that the matrix repeats.
var (
	anyone    = Roles
	police    = []Role{Officer, Agent}
	officer   = []Role{Officer}
	admin     = []Role{Administrator}
	decision  = []Role{Officer, Magistrate}
	ordered   = []Role{Officer, Magistrate, Controller}
	control   = []Role{Magistrate, Controller, Auditor}
	statistic = []Role{Magistrate, Controller, Auditor, Administrator}
	lookers   = []Role{Officer, Agent, Magistrate, Controller, Auditor}
)

// Matrix is who may do what. What is not listed nobody may do.
var Matrix = map[journal.Sub]Grant{
	journal.SubInit:  {Roles: admin},
	journal.SubAdmin: {Roles: admin},
	journal.SubModel: {Roles: admin},

	journal.SubUserAdd:        {Roles: admin},
	journal.SubUserHabilitate: {Roles: admin},
	journal.SubUserAssign:     {Roles: admin},
	journal.SubUserRevoke:     {Roles: admin},
	journal.SubUserList:       {Roles: statistic},
	journal.SubUserShow:       {Roles: anyone},

	journal.SubOpen:      {Roles: officer, Nature: Video},
	journal.SubAuthorise: {Roles: decision, Nature: Video},
	journal.SubFrame:     {Roles: decision, Nature: Video},
	journal.SubExtend:    {Roles: decision, Nature: Video},
	journal.SubVeto:      {Roles: decision}, // what stops the use waits for no habilitation
	journal.SubRevoke:    {Roles: decision},
	journal.SubList:      {Roles: anyone},
	journal.SubShow:      {Roles: lookers},

	journal.SubImport:   {Roles: police, Nature: Video},
	journal.SubAnalyse:  {Roles: police, Nature: Video},
	journal.SubBatch:    {Roles: police, Nature: Video},
	journal.SubCamera:   {Roles: police, Nature: Video},
	journal.SubQuery:    {Roles: police, Nature: Video, Looks: true},
	journal.SubView:     {Roles: police, Nature: Video, Looks: true},
	journal.SubSynopsis: {Roles: police, Nature: Video, Looks: true},
	journal.SubExplain:  {Roles: police, Nature: Video, Looks: true},
	journal.SubReview:   {Roles: police, Nature: Video, Looks: true},
	journal.SubValidate: {Roles: police, Nature: Video, Looks: true},
	journal.SubReject:   {Roles: police, Nature: Video, Looks: true},
	journal.SubComment:  {Roles: police, Nature: Video, Looks: true},
	journal.SubExport:   {Roles: officer, Nature: Video, Looks: true},
	journal.SubUnmask:   {Roles: officer, Nature: Plates, Looks: true},

	journal.SubMention:     {Roles: police, Nature: Video},
	journal.SubReport:      {Roles: police, Nature: Video},
	journal.SubClose:       {Roles: officer, Nature: Video},
	journal.SubCopy:        {Roles: decision, Nature: Video},
	journal.SubErase:       {Roles: ordered, Nature: Video},
	journal.SubRectify:     {Roles: ordered, Nature: Video},
	journal.SubPurge:       {Roles: []Role{Officer, Magistrate, Administrator}},
	journal.SubCertificate: {Roles: []Role{Officer, Magistrate, Administrator}},

	journal.SubJournalShow:       {Roles: control},
	journal.SubJournalProve:      {Roles: control},
	journal.SubJournalExport:     {Roles: control},
	journal.SubJournalStats:      {Roles: statistic},
	journal.SubJournalVerify:     {Roles: anyone},
	journal.SubJournalCheckpoint: {Roles: anyone},

	journal.SubModelList:  {Roles: anyone},
	journal.SubCompliance: {Roles: anyone},
	journal.SubAlert:      {Roles: anyone},

	journal.SubStoreCheck:   {Roles: statistic},
	journal.SubStoreBackup:  {Roles: admin},
	journal.SubStoreRestore: {Roles: admin},
}

// Allowed says whether a role may ever do such an act.
func Allowed(sub journal.Sub, r Role) bool { return slices.Contains(Matrix[sub].Roles, r) }
