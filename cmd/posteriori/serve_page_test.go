package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"posteriori/testdata/browser"
)

// serving runs posteriori serve until the test ends, and gives its address.
func serving(t *testing.T, store string, args ...string) string {
	t.Helper()
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		root := newApp(strings.NewReader(""), in, io.Discard).root()
		root.SetArgs(append([]string{"serve", "-p", "P1", "--store", store, "--reason", "test"}, args...))
		err := root.ExecuteContext(ctx)
		in.Close()
		done <- err
	}()
	t.Cleanup(func() { cancel(); <-done })
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("nothing is served: ", <-done)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return lines.Text()
}

// journalled lists "operation sub outcome" of the records, in order.
func journalled(t *testing.T, posteriori func(...string) string) (out []string, text string) {
	t.Helper()
	text = posteriori("journal", "show", "-p", "P1", "--json")
	var records []struct{ Operation, Sub, Outcome string }
	if err := json.Unmarshal([]byte(text), &records); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, r := range records {
		if r.Sub != "journal-show" { // this one's own
			out = append(out, r.Sub+" "+r.Outcome)
		}
	}
	return out, text
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// On a served page a person decides and searches by plate with the keyboard; each
// is an act in the journal, and the program answers as the page does.
func TestServedPage(t *testing.T) {
	store, posteriori := newTown(t)
	b := startBrowser(t)
	address := serving(t, store)
	page := openPage(t, b, address)
	origin := address[:strings.Index(address, "/?")]

	must(t, page.Keys("2")) // the first object, validated, then remarked on; the next rejected
	must(t, page.Keys("n"))
	must(t, page.Keys("v"))
	must(t, page.Until(10*time.Second, "document.getElementById('told').textContent.includes('journal')"))
	must(t, page.Keys("c"))
	must(t, page.Until(5*time.Second, "document.getElementById('remark').open"))
	must(t, page.Keys("coffre ouvert"))
	must(t, page.Eval("document.getElementById('told').textContent=''; document.querySelector('#remark button[value=ok]').click()", new(any)))
	must(t, page.Until(10*time.Second, "document.getElementById('said').textContent.includes('coffre ouvert') && document.getElementById('told').textContent"))
	must(t, page.Keys("n"))
	must(t, page.Keys("n"))
	must(t, page.Keys("x"))
	must(t, page.Until(10*time.Second, "document.getElementById('told').textContent.includes('journal')"))

	must(t, page.Eval("document.getElementById('plate-pattern').value='AB?23C*'; document.querySelector('form.plates button').click()", new(any)))
	must(t, page.Until(10*time.Second, "review.filter.plate && review.rows().length < review.meta.tracks"))
	shown := inPage[shownAnswer](t, page, "const f=review.filter;"+readAnswer)
	var found struct {
		Tracks []struct{ Recording, Track int64 }
	}
	must(t, json.Unmarshal([]byte(posteriori(append(shellWords(t, shown.Command), "--format", "json")...)), &found))
	var want []string
	for _, x := range found.Tracks {
		want = append(want, fmt.Sprintf("%d:%d", x.Recording, x.Track))
	}
	if len(want) < 5 || !slices.Equal(want, shown.Rows) || !strings.Contains(shown.Command, "--plate 'AB?23C*'") {
		t.Errorf("%s: the page shows %v, the program finds %v", shown.Command, shown.Rows, want)
	}
	if text := inPage[string](t, page, "review.choose(review.rows()[0],false); return document.body.textContent"); !strings.Contains(text, "██") || strings.Contains(text, "AB023CD") || strings.Contains(text, "AB523CD") {
		t.Error("a masked plate is shown, or no mask is")
	}
	acts, text := journalled(t, posteriori)
	for _, act := range []string{"validate ok", "comment ok", "reject ok", "query ok"} {
		if !slices.Contains(acts, act) {
			t.Errorf("the journal has no %q: %q", act, acts)
		}
	}
	if strings.Contains(text, "AB?23") || strings.Contains(text, "coffre") {
		t.Error("the journal holds a pattern of a plate, or a remark")
	}
	if list := posteriori("hit", "list", "-p", "P1", "--json"); !strings.Contains(list, "coffre ouvert") {
		t.Errorf("the remark is not among the decisions: %s", list)
	}
	for _, m := range append(page.Console(), page.Left(origin)...) {
		t.Errorf("console or a request elsewhere: %s", m)
	}
	attack(t, b, posteriori, address)
}

// attack tries what another browser, another site and another server of the
// machine may try. The browser given has the session's cookie.
func attack(t *testing.T, b *browser.Browser, posteriori func(...string) string, address string) {
	t.Helper()
	origin := address[:strings.Index(address, "/?")]
	before, _ := journalled(t, posteriori)
	// A page of another server of this machine, in the officer's own browser: the
	// cookie goes with its requests, for cookies do not know ports.
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><link rel=icon href=data:,><body>")
	}))
	defer evil.Close()
	tab, err := b.Open(evil.URL, 600, 400)
	must(t, err)
	defer tab.Close()
	script := `const to=` + fmt.Sprintf("%q", origin) + `, body='{"recording":1,"track":3,"sha256":"","verdict":"validated","text":""}';
		const form=document.createElement('form'), frame=document.createElement('iframe'); frame.name='f'; form.method='POST'; form.target='f'; form.action=to+'/api/decide'; form.enctype='text/plain';
		const field=document.createElement('input'); field.name=body; form.append(field); document.body.append(frame,form); form.submit();
		const img=u=>new Promise(r=>{const i=new Image();i.onload=()=>r('shown');i.onerror=()=>r('refused');i.src=u});
		const post=h=>fetch(to+'/api/decide',{method:'POST',mode:'no-cors',credentials:'include',headers:h,body}).then(r=>r.type,()=>'failed');
		return Promise.all([post({}),post({'Content-Type':'text/plain'}),img(to+'/plates/1-0.jpg'),fetch(to+'/',{credentials:'include'}).then(()=>'read',()=>'refused')])`
	got := inPage[[]string](t, tab, script)
	if got[2] == "shown" || got[3] == "read" {
		t.Errorf("another server's page got what is not its own: %v", got)
	}
	other := startBrowser(t) // a second browser, with the address that was used
	second, err := other.Open(address, 600, 400)
	must(t, err)
	if text := inPage[string](t, second, "return document.body.textContent"); !strings.Contains(text, "has been used") {
		t.Errorf("a second browser sees %.80q", text)
	}
	own, err := b.Open(origin+"/", 600, 400) // the page itself, asking for what is not on it
	must(t, err)
	defer own.Close()
	paths := []string{"/../../etc/passwd", "/crops/..%2f..%2fetc%2fpasswd.jpg", "/clips/../../../etc/passwd", "/crops/1-999.jpg", "/plates/9-0.jpg", "/clips/1-1-0.mp4",
		"/synopsis-1.mp4", "/data/paths-9.js", "/data/paths-99999999999999999999.js", "/crops/-1-1.jpg", "/index.html", "/api/decide"}
	list, err := json.Marshal(paths)
	must(t, err)
	for i, status := range inPage[[]int](t, own, "return Promise.all("+string(list)+".map(p=>fetch(p).then(r=>r.status)))") {
		if status < 400 {
			t.Errorf("%s: %d", paths[i], status)
		}
	}
	if after, _ := journalled(t, posteriori); len(after) != len(before) {
		t.Errorf("the attacks left acts in the journal: %q", after[len(before):])
	}
}

// Decisions taken on a page in a folder leave it as a file, which hit import takes.
func TestFolderDecisionsComeBack(t *testing.T) {
	_, posteriori := newTown(t)
	b := startBrowser(t)
	dir := filepath.Join(t.TempDir(), "page")
	posteriori("review", "-p", "P1", "--no-synopsis", "--clips", "0", "-o", dir)
	page := openPage(t, b, "file://"+dir+"/index.html")
	must(t, page.Keys("n"))
	must(t, page.Keys("v"))
	must(t, page.Keys("n"))
	must(t, page.Keys("n"))
	must(t, page.Keys("x"))
	must(t, page.Until(5*time.Second, "review.pending.length === 2 && !document.getElementById('export').hidden"))
	// What the page would have the browser save.
	saved := inPage[string](t, page, `return new Promise(done=>{const made=URL.createObjectURL; URL.createObjectURL=b=>{b.text().then(done);return made.call(URL,b)};
		HTMLAnchorElement.prototype.click=function(){}; document.getElementById('export').click()})`)
	file := filepath.Join(t.TempDir(), "decisions-P1.json")
	must(t, os.WriteFile(file, []byte(saved), 0o600))
	told := inPage[string](t, page, "return document.getElementById('told').textContent")
	words := shellWords(t, told[strings.Index(told, "posteriori"):])
	if !slices.Equal(words, []string{"hit", "import", "-p", "P1", "decisions-P1.json"}) {
		t.Fatalf("the page says %q", told)
	}
	words[len(words)-1] = file
	if got := posteriori(words...); got != "1:1 validated\n1:3 rejected\n2 decisions taken in\n" {
		t.Errorf("taken in: %q", got)
	}
	if acts, _ := journalled(t, posteriori); !slices.Contains(acts, "validate ok") || !slices.Contains(acts, "reject ok") {
		t.Errorf("the journal: %q", acts)
	}
}
