// Command cafs-peer is the other end of CAFS over HTTP, written from docs/formats.md and docs/http.md with Go's own
// HTTP library, which behaves unlike Node's in ways that matter: it answers before it reads, and sends every byte
// of a wishlist as an HTTP chunk of its own.
//
//	cafs-peer serve FILE ELEMENTS     serves FILE, cut every 5000 bytes and shuffled by so many elements
//	cafs-peer fetch URL FILE [EXPECT] fetches to FILE; EXPECT is the value of a header of that name
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strconv"
)

const (
	chunkBytes    = 5000
	maxChunkBytes = 131072
	windowCount   = 32
)

type chunkInfo struct {
	Key  string
	Size int64
}

type syncInfo struct {
	Chunks []chunkInfo
	Perm   []int
}

// order tells which chunk stands at each position of the shuffled list; -1 where none does.
func (info *syncInfo) order() []int {
	count, length := len(info.Chunks), len(info.Perm)
	slots := make([]int, length)
	for i := range slots {
		slots[i] = -1
	}
	positions := make([]int, 0, count+length-1)
	for t := 0; t < count+length-1; t++ {
		chunk := -1
		if t < count {
			chunk = t
		}
		slots[info.Perm[t%length]] = chunk
		positions = append(positions, slots[t%length])
	}
	return positions
}

func main() {
	err := errors.New("usage: cafs-peer serve FILE ELEMENTS | fetch URL FILE [EXPECT]")
	if len(os.Args) >= 4 {
		switch os.Args[1] {
		case "serve":
			err = serve(os.Args[2], os.Args[3])
		case "fetch":
			err = fetch(os.Args[2], os.Args[3], append(os.Args[4:], "")[0])
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(path, elements string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(elements)
	if err != nil {
		return err
	}
	info := syncInfo{Perm: rand.Perm(count)}
	for at := 0; at < len(content); at += chunkBytes {
		chunk := content[at:min(at+chunkBytes, len(content))]
		key := sha256.Sum256(chunk)
		info.Chunks = append(info.Chunks, chunkInfo{hex.EncodeToString(key[:]), int64(len(chunk))})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet:
			json.NewEncoder(w).Encode(info)
		case r.Method != http.MethodPost:
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		case r.Header.Get("Connection") != "close":
			http.Error(w, "Connection: close required", http.StatusBadRequest)
		default:
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			if err := answer(&info, content, bufio.NewReaderSize(r.Body, 16), w); err != nil {
				fmt.Fprintln(os.Stderr, err)
				panic(http.ErrAbortHandler)
			}
		}
	}))
}

func answer(info *syncInfo, content []byte, wishes io.ByteReader, w http.ResponseWriter) error {
	var bits byte
	for position, chunk := range info.order() {
		if position%8 == 0 {
			var err error
			if bits, err = wishes.ReadByte(); err != nil {
				return fmt.Errorf("wishlist at position %d: %w", position, err)
			}
		}
		wanted := bits&(0x80>>(position%8)) != 0
		if !wanted {
			continue
		}
		if chunk < 0 {
			return errors.New("wish for a placeholder")
		}
		start := chunk * chunkBytes
		end := start + int(info.Chunks[chunk].Size)
		frame := binary.AppendVarint(nil, info.Chunks[chunk].Size)
		if _, err := w.Write(append(frame, content[start:end]...)); err != nil {
			return err
		}
		w.(http.Flusher).Flush()
	}
	if _, err := wishes.ReadByte(); err != io.EOF {
		return fmt.Errorf("wishlist goes on, or breaks off: %v", err)
	}
	return nil
}

func fetch(url, path, expect string) error {
	info, err := fetchInfo(url)
	if err != nil {
		return err
	}
	order := info.order()
	asked := map[string]bool{}
	wanted := make([]bool, len(order))
	for position, chunk := range order {
		if chunk >= 0 && info.Chunks[chunk].Size > 0 && !asked[info.Chunks[chunk].Key] {
			wanted[position] = true
			asked[info.Chunks[chunk].Key] = true
		}
	}
	body, wishes := io.Pipe()
	request, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		return err
	}
	request.Header.Set("Connection", "close")
	if expect != "" {
		request.Header.Set("Expect", expect)
	}
	window := make(chan struct{}, windowCount)
	go sendWishes(wanted, window, wishes)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("POST: status %d", response.StatusCode)
	}
	chunks, err := receive(info, order, wanted, window, bufio.NewReader(response.Body))
	if err != nil {
		return err
	}
	var content bytes.Buffer
	for _, chunk := range info.Chunks {
		content.Write(chunks[chunk.Key])
	}
	return os.WriteFile(path, content.Bytes(), 0o666)
}

func fetchInfo(url string) (*syncInfo, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET: status %d", response.StatusCode)
	}
	info := &syncInfo{}
	if err := json.NewDecoder(response.Body).Decode(info); err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return info, err
}

// sendWishes writes each byte by itself, and stops where the window is full.
func sendWishes(wanted []bool, window chan<- struct{}, wishes *io.PipeWriter) {
	for start := 0; start < len(wanted); start += 8 {
		var bits byte
		for position := start; position < min(start+8, len(wanted)); position++ {
			window <- struct{}{}
			if wanted[position] {
				bits |= 0x80 >> (position - start)
			}
		}
		if _, err := wishes.Write([]byte{bits}); err != nil {
			return
		}
	}
	wishes.Close()
}

func receive(
	info *syncInfo, order []int, wanted []bool, window <-chan struct{}, stream *bufio.Reader,
) (map[string][]byte, error) {
	chunks := map[string][]byte{}
	for position, chunk := range order {
		<-window
		if !wanted[position] {
			continue
		}
		size, err := binary.ReadVarint(stream)
		if err != nil {
			return nil, err
		}
		if size < 0 || size > maxChunkBytes {
			return nil, fmt.Errorf("chunk of %d bytes", size)
		}
		content := make([]byte, size)
		if _, err := io.ReadFull(stream, content); err != nil {
			return nil, err
		}
		key := sha256.Sum256(content)
		if hex.EncodeToString(key[:]) != info.Chunks[chunk].Key || size != info.Chunks[chunk].Size {
			return nil, fmt.Errorf("not chunk %d", chunk)
		}
		chunks[info.Chunks[chunk].Key] = content
	}
	if _, err := stream.ReadByte(); err != io.EOF {
		return nil, fmt.Errorf("the chunk stream does not end: %v", err)
	}
	return chunks, nil
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
