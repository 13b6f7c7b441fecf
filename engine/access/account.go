package access

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// unsetLogin is what Linux gives as the login of a process of no session.
const unsetLogin = "4294967295"

// Current is the account behind this process: that of its real user ID, as
// the operating system names it. No environment variable takes part.
func Current() Account {
	uid := strconv.Itoa(os.Getuid())
	a := Account{UID: uid, Name: nameOf(uid)}
	if a.Name == "" {
		a.Name = "uid-" + uid
	}
	b, err := os.ReadFile("/proc/self/loginuid")
	login := strings.TrimSpace(string(b))
	if err != nil || login == "" || login == unsetLogin || login == uid {
		return a
	}
	if a.Login = nameOf(login); a.Login == "" {
		a.Login = login
	}
	return a
}

// nameOf is the account's name of a user ID, or empty.
func nameOf(uid string) string {
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	name, _ := getent(uid)
	return name
}

// Find gives the account of that name; ok is false when the system has none.
func Find(name string) (a Account, ok bool) {
	if CheckAccount(name) != nil {
		return Account{}, false
	}
	if u, err := user.Lookup(name); err == nil {
		return Account{Name: u.Username, UID: u.Uid}, true
	}
	got, uid := getent(name)
	return Account{Name: got, UID: uid}, got == name
}

// getent asks the system's name service, for accounts that a directory holds:
// a program without C reads only /etc/passwd by itself.
func getent(key string) (name, uid string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/usr/bin/getent", "passwd", key)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	f := strings.Split(strings.TrimSpace(string(out)), ":")
	if err != nil || len(f) < 3 {
		return "", ""
	}
	return f[0], f[2]
}
