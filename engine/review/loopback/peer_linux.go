package loopback

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// sameAccount tells whether the other end of a connection over this machine is
// a program of the account that serves: what another account of the machine
// sends is refused, whatever it has come to know. A cookie does not tell apart
// the ports of a machine, so that another's server might be sent it.
//
// The kernel lists both ends of such a connection, with the account of each
// (proc_pid_net(5), /proc/net/tcp).
func sameAccount(c net.Conn) bool {
	client, okC := c.RemoteAddr().(*net.TCPAddr)
	server, okS := c.LocalAddr().(*net.TCPAddr)
	if !okC || !okS {
		return false
	}
	f, err := os.Open("/proc/net/tcp")
	if err != nil {
		return false
	}
	defer f.Close()
	from, to := listed(client.AddrPort()), listed(server.AddrPort())
	for in := bufio.NewScanner(f); in.Scan(); {
		col := strings.Fields(in.Text())
		if len(col) > 7 && col[1] == from && col[2] == to {
			return col[7] == strconv.Itoa(os.Getuid())
		}
	}
	return false
}

// listed is an address as /proc/net/tcp has it: the number as this machine's
// memory holds it, in hexadecimal digits.
func listed(a netip.AddrPort) string {
	ip := a.Addr().Unmap().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), a.Port())
}
