// Package models knows every model that the engine may load: its hash, where
// it comes from, under which licence, what goes in and what comes out. It
// holds no weights: they are installed from a folder or an address, and a file
// whose hash is not in the manifest is never put in place nor opened.
//
// The manifest is also where the engine proves that it holds no biometrics:
// tasks are a closed list, and a model whose words speak of faces, bodies,
// voices or identity is refused when the manifest is read, see [Forbidden].
package models
