package survey

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"posteriori/engine/batch"
)

// headBytes is how much of a file's beginning is read: enough for all marks
// but those of a compact disc's image and of a virtual disk's footer.
const headBytes = 4096

// mark is a run of bytes that files of a kind have at a place.
type mark struct {
	at   int
	text string
	kind batch.Kind
	name string
}

// marks are the formats told by fixed bytes, the longer marks first where one
// contains another. Sources: the formats' specifications, and the table of the
// Library of Congress for disk images.
var marks = []mark{
	{4, "ftypheic", batch.Picture, "HEIF photograph"}, {4, "ftypheix", batch.Picture, "HEIF photograph"},
	{4, "ftypmif1", batch.Picture, "HEIF photograph"}, {4, "ftypavif", batch.Picture, "AVIF photograph"},
	{4, "ftypM4A", batch.Sound, "MPEG-4 sound"},
	{4, "ftyp", batch.Video, "MP4"}, {4, "styp", batch.Video, "MP4"}, {4, "moov", batch.Video, "QuickTime"},
	{4, "mdat", batch.Video, "QuickTime"}, {4, "wide", batch.Video, "QuickTime"}, {4, "pnot", batch.Video, "QuickTime"},
	{4, "skip", batch.Video, "QuickTime"}, {4, "free", batch.Video, "QuickTime"},
	{0, "\x1a\x45\xdf\xa3", batch.Video, "Matroska"},
	{0, "\x00\x00\x01\xba", batch.Video, "MPEG programme stream"}, {0, "\x00\x00\x01\xb3", batch.Video, "MPEG video"},
	{0, "\x00\x00\x00\x01\x67", batch.Video, "H.264 stream"}, {0, "\x00\x00\x00\x01\x27", batch.Video, "H.264 stream"},
	{0, "\x00\x00\x00\x01\x47", batch.Video, "H.264 stream"}, {0, "\x00\x00\x00\x01\x09", batch.Video, "H.264 stream"},
	{0, "\x00\x00\x01\x67", batch.Video, "H.264 stream"}, {0, "\x00\x00\x00\x01\x40\x01", batch.Video, "H.265 stream"},
	{0, "FLV\x01", batch.Video, "Flash video"}, {0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", batch.Video, "ASF"},
	{0, "DHAV", batch.Video, "Dahua recording"}, {0, "IMKH", batch.Video, "Hikvision recording"}, {0, "DKIF", batch.Video, "IVF"},
	{0, "OggS", batch.Video, "Ogg"}, {0, ".RMF", batch.Video, "RealMedia"}, {0, "\x06\x0e\x2b\x34", batch.Video, "MXF"},
	{0, "nut/multimedia container", batch.Video, "NUT"},
	{0, "\xff\xd8\xff", batch.Photograph, "JPEG"}, {0, "\x89PNG\r\n\x1a\n", batch.Photograph, "PNG"},
	{0, "GIF8", batch.Picture, "GIF"}, {0, "II*\x00", batch.Picture, "TIFF"}, {0, "MM\x00*", batch.Picture, "TIFF"},
	{0, "PK\x03\x04", batch.Archive, "ZIP"}, {0, "PK\x05\x06", batch.Archive, "empty ZIP"}, {0, "PK\x07\x08", batch.Archive, "ZIP in parts"},
	{0, "7z\xbc\xaf\x27\x1c", batch.Archive, "7-Zip"}, {0, "Rar!\x1a\x07", batch.Archive, "RAR"}, {0, "\x1f\x8b", batch.Archive, "gzip"},
	{0, "BZh", batch.Archive, "bzip2"}, {0, "\xfd7zXZ\x00", batch.Archive, "xz"}, {0, "\x28\xb5\x2f\xfd", batch.Archive, "zstd"},
	{0, "\x04\x22\x4d\x18", batch.Archive, "lz4"}, {0, "MSCF", batch.Archive, "cabinet"}, {257, "ustar", batch.Archive, "tar"},
	{0, "ANDROID BACKUP", batch.Archive, "Android backup"},
	{0, "EVF\x09\x0d\x0a\xff\x00", batch.DiskImage, "EnCase image"}, {0, "EVF2\x0d\x0a\x81\x00", batch.DiskImage, "EnCase 7 image"},
	{0, "LVF\x09\x0d\x0a\xff\x00", batch.DiskImage, "EnCase logical image"}, {0, "AFF10", batch.DiskImage, "AFF image"},
	{0, "KDMV", batch.DiskImage, "VMware disk"}, {0, "# Disk DescriptorFile", batch.DiskImage, "VMware disk"},
	{0, "conectix", batch.DiskImage, "Virtual PC disk"}, {0, "vhdxfile", batch.DiskImage, "Hyper-V disk"}, {0, "QFI\xfb", batch.DiskImage, "QEMU disk"},
	{64, "\x7f\x10\xda\xbe", batch.DiskImage, "VirtualBox disk"}, {0, "LUKS\xba\xbe", batch.DiskImage, "LUKS volume"},
	{3, "-FVE-FS-", batch.DiskImage, "BitLocker volume"}, {512, "EFI PART", batch.DiskImage, "disk with a GPT"},
	{3, "NTFS    ", batch.DiskImage, "NTFS volume"}, {3, "EXFAT   ", batch.DiskImage, "exFAT volume"},
	{54, "FAT1", batch.DiskImage, "FAT volume"}, {82, "FAT32", batch.DiskImage, "FAT32 volume"},
	{0x438, "\x53\xef", batch.DiskImage, "ext volume"}, {0x210, "HIKVISION@HANGZHOU", batch.DiskImage, "Hikvision recorder's disk"},
	{0, "DHFS", batch.DiskImage, "Dahua recorder's disk"}, {0, "XFSB", batch.DiskImage, "XFS volume"},
	{0, "ID3", batch.Sound, "MP3"}, {0, "fLaC", batch.Sound, "FLAC"}, {0, "#!AMR", batch.Sound, "AMR"},
	{0, "%PDF-", batch.Document, "PDF"}, {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", batch.Document, "old Office document"},
	{0, "\x7fELF", batch.Program, "program (ELF)"}, {0, "MZ", batch.Program, "program (Windows)"}, {0, "SQLite format 3\x00", batch.Database, "SQLite"},
}

// videoNames are endings under which recordings are handed over. A file that
// no mark tells is given to the worker all the same when it has one of these.
var videoNames = []string{".3g2", ".3gp", ".asf", ".avi", ".dav", ".divx", ".dv", ".flv", ".264", ".265", ".h264", ".h265", ".hevc",
	".ivf", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".rm", ".rmvb",
	".ts", ".vob", ".webm", ".wmv"}

// videoNamed tells whether a file's name promises a recording.
func videoNamed(path string) bool {
	return slices.Contains(videoNames, strings.ToLower(filepath.Ext(path)))
}

// look reads a file's first bytes, and a few where marks lie deeper, and says
// what it is. Nothing in it is parsed: that is the worker's work. What it is
// called plays no part but where the bytes tell nothing.
func look(path string, size int64) (batch.Kind, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return batch.Unreadable, "", err
	}
	defer f.Close()
	head := make([]byte, min(size, headBytes))
	if _, err := io.ReadFull(f, head); err != nil {
		return batch.Unreadable, "", err
	}
	if kind, name := sniff(head); kind != batch.Other {
		return kind, name, nil
	}
	for _, m := range []mark{
		{32769, "CD001", batch.DiskImage, "compact disc's image"},
		{int(min(size, 1<<62)) - 512, "koly", batch.DiskImage, "Apple disk image"},
		{int(min(size, 1<<62)) - 512, "conectix", batch.DiskImage, "Virtual PC disk"},
	} {
		b := make([]byte, len(m.text))
		if n, _ := f.ReadAt(b, int64(max(m.at, 0))); n == len(b) && string(b) == m.text {
			return m.kind, m.name, nil
		}
	}
	if videoNamed(path) {
		return batch.Video, "not known by its first bytes, named like a recording", nil
	}
	return batch.Other, fmt.Sprintf("begins with % x", head[:min(len(head), 8)]), nil
}

// sniff tells the kind from the first bytes alone; batch.Other when it cannot.
func sniff(head []byte) (batch.Kind, string) {
	for _, m := range marks {
		if len(head) >= m.at+len(m.text) && string(head[m.at:m.at+len(m.text)]) == m.text {
			return m.kind, m.name
		}
	}
	if len(head) >= 12 && string(head[:4]) == "RIFF" {
		switch string(head[8:12]) {
		case "AVI ", "AVIX":
			return batch.Video, "AVI"
		case "WAVE":
			return batch.Sound, "WAVE"
		case "WEBP":
			return batch.Picture, "WebP"
		}
	}
	switch {
	case transport(head, 0, 188), transport(head, 4, 192), transport(head, 0, 204):
		return batch.Video, "MPEG transport stream"
	case partitioned(head):
		return batch.DiskImage, "disk with a partition table"
	case len(bytes.Trim(head, "\x00")) == 0:
		return batch.Other, "begins with zeros only"
	case text(head):
		return batch.Text, "text"
	}
	return batch.Other, ""
}

// transport tells whether every packet of a size that the bytes hold begins
// with the sync byte (ISO/IEC 13818-1, 2.4.3.2). Five must.
func transport(head []byte, at, size int) bool {
	n := 0
	for ; at < len(head); at += size {
		if head[at] != 0x47 {
			return false
		}
		n++
	}
	return n >= 5
}

// partitioned tells whether the bytes are a master boot record with a
// plausible partition: a type, a start and a length.
func partitioned(head []byte) bool {
	if len(head) < 512 || head[510] != 0x55 || head[511] != 0xaa {
		return false
	}
	for i := 446; i < 510; i += 16 {
		p := head[i : i+16]
		if p[0]&0x7f == 0 && p[4] != 0 && binary.LittleEndian.Uint32(p[8:]) != 0 && binary.LittleEndian.Uint32(p[12:]) != 0 {
			return true
		}
	}
	return false
}

// text tells whether the bytes are text of a kind people write: UTF-8 or
// UTF-16 with a mark, without control characters.
func text(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return true
	}
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n == 1 {
			return len(head)-i < utf8.UTFMax && len(head) == headBytes // cut in a character
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' {
			return false
		}
		i += n
	}
	return true
}
