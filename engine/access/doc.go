// Package access says who may do what: the users of a store, their
// habilitation, and one table of acts and roles.
//
// Status: current. A [Register] is a value: the whole history of a store's
// users, so that anyone's state at the time of an act can be shown (rule 6).
// Functions here give a changed one or a refusal with the rule's number; they
// touch no file and no journal, the engine does. Who acts is the operating
// system's account ([Find]), never a flag or an environment variable.
//
// [Check] is the one place that decides: rule 5 (designated, habilitated,
// assigned) and rule 7 (the [Matrix] of roles).
package access
