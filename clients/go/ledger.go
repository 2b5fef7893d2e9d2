// A stranger to our ledger: Go's own transparency log code (golang.org/x/mod/sumdb, which verifies Go's modules) reads an
// exported tree. It checks the head's signature, every tile, each entry's inclusion, and consistency with an older head.
//
//	ledger DIR VERIFIER-KEY [OLD-CHECKPOINT]
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func must(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "REFUSED %s: %v\n", what, err)
		os.Exit(1)
	}
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	must(err, path)
	return data
}

func head(file string, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(read(file), note.VerifierList(verifier))
	must(err, file)
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		must(fmt.Errorf("the origin is %q", lines[0]), file)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err, "the size")
	root, err := tlog.ParseHash(lines[2])
	must(err, "the root")
	return tlog.Tree{N: size, Hash: root}
}

// Tiles of a folder in the layout of C2SP tlog-tiles, whose paths do not name the height.
type folder string

func (f folder) Height() int                         { return height }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func entries(dir string, size int64) [][]byte {
	var out [][]byte
	for first := int64(0); first < size; first += 1 << height {
		tile := tlog.Tile{H: height, L: -1, N: first >> height, W: 1 << height}
		if size-first < 1<<height {
			tile.W = int(size - first)
		}
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
		data := read(filepath.Join(dir, path))
		for i := 0; i < tile.W; i++ {
			length := int(binary.BigEndian.Uint16(data))
			out = append(out, data[2:2+length])
			data = data[2+length:]
		}
		if len(data) != 0 {
			must(fmt.Errorf("bytes after the last entry"), path)
		}
	}
	return out
}

func main() {
	verifier, err := note.NewVerifier(os.Args[2])
	must(err, "the key")
	dir := os.Args[1]
	tree := head(filepath.Join(dir, "checkpoint"), verifier)
	hashes := tlog.TileHashReader(tree, folder(dir))
	for n, entry := range entries(dir, tree.N) {
		proof, err := tlog.ProveRecord(tree.N, int64(n), hashes)
		must(err, "a tile")
		must(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(n), tlog.RecordHash(entry)), fmt.Sprintf("entry %d", n))
	}
	if len(os.Args) > 3 {
		old := head(os.Args[3], verifier)
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		must(err, "a tile")
		must(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash), "the older head")
	}
	fmt.Printf("VERIFIED %d entries\n", tree.N)
}
