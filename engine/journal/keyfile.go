package journal

import (
	"io"
	"io/fs"
	"os"
	"syscall"

	"posteriori/engine/fault"
)

// maxKeyFile bounds what is read of a key file in bytes.
const maxKeyFile = 64 << 10

// CheckKeyFile says whether the file at path is fit to hold a secret key: a
// regular file (no link), of this account or of root, that nobody else may
// read or write. A key that others could read proves nothing any more, so the
// error is fault.Integrity under rule 18.
func CheckKeyFile(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fault.Wrap(fault.Integrity, err, "the key cannot be read").OnFile(path).UnderRule(ruleProtect)
	}
	return checkKeyInfo(path, info)
}

// ReadKeyFile reads a secret key from a file that passes [CheckKeyFile]; what
// is checked is what is read, even if the name is changed meanwhile.
func ReadKeyFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fault.Wrap(fault.Integrity, err, "the key cannot be read").OnFile(path).UnderRule(ruleProtect)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fault.Wrap(fault.Integrity, err, "the key cannot be read").OnFile(path).UnderRule(ruleProtect)
	}
	if err := checkKeyInfo(path, info); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(b) > maxKeyFile {
		return nil, fault.New(fault.Integrity, "it is too long for a key").OnFile(path).UnderRule(ruleProtect)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Integrity, err, "the key cannot be read").OnFile(path).UnderRule(ruleProtect)
	}
	return b, nil
}

func checkKeyInfo(path string, info fs.FileInfo) error {
	bad := func(format string, args ...any) *fault.Error {
		return fault.New(fault.Integrity, format, args...).OnFile(path).UnderRule(ruleProtect)
	}
	if !info.Mode().IsRegular() {
		return bad("the key is not a regular file").WithHint("put the key itself there, not a link to it")
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return bad("others on this machine may use the key (mode %04o)", info.Mode().Perm()).
			WithHint("chmod 600 the file; if others had access, tell the data controller: the key may be known")
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Getuid() {
		return bad("the key belongs to another account (number %d)", st.Uid).
			WithHint("let the account that owns the store run this, or give it the file")
	}
	return nil
}
