// Command ceiling copies the objects of a bucket by one GET and one PUT each and nothing else: no
// listing of the other side, no digest, no record. It shows what two servers give at most.
//
//	AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... ceiling FROM TO COUNT
//
// FROM and TO are URLs of buckets, COUNT is the number of objects under way at a time.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const region = "us-east-1"

var client *http.Client

func main() {
	count, err := strconv.Atoi(os.Args[3])
	check(err)
	transport := &http.Transport{MaxIdleConnsPerHost: count, DisableCompression: true}
	client = &http.Client{Transport: transport}
	from, to := os.Args[1], os.Args[2]
	keys := make(chan string, 2000)
	go list(from, keys)
	var copies sync.WaitGroup
	for range make([]struct{}, count) {
		copies.Add(1)
		go func() {
			defer copies.Done()
			for key := range keys {
				put(to+"/"+key, get(from+"/"+key))
			}
		}()
	}
	copies.Wait()
}

// list sends all keys of a bucket.
func list(bucket string, keys chan<- string) {
	defer close(keys)
	for after := ""; ; {
		page := struct {
			IsTruncated bool
			Contents    []struct{ Key string }
		}{}
		query := "list-type=2&start-after=" + strings.ReplaceAll(url.QueryEscape(after), "+", "%20")
		check(xml.Unmarshal(get(bucket+"?"+query), &page))
		for _, object := range page.Contents {
			keys <- object.Key
			after = object.Key
		}
		if !page.IsTruncated {
			return
		}
	}
}

func get(place string) []byte { return send("GET", place, nil) }

func put(place string, content []byte) { send("PUT", place, content) }

func send(method, place string, content []byte) []byte {
	request, err := http.NewRequest(method, place, bytes.NewReader(content))
	check(err)
	sign(request)
	response, err := client.Do(request)
	check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(err)
	if response.StatusCode != http.StatusOK {
		check(fmt.Errorf("%s %s: %s %s", method, place, response.Status, body))
	}
	return body
}

// sign adds a signature of version 4, of everything but the content.
func sign(request *http.Request) {
	now := time.Now().UTC().Format("20060102T150405Z")
	day := now[:8]
	request.Header.Set("x-amz-date", now)
	request.Header.Set("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
	const names = "host;x-amz-content-sha256;x-amz-date"
	scope := day + "/" + region + "/s3/aws4_request"
	canonical := strings.Join([]string{
		request.Method, request.URL.EscapedPath(), request.URL.RawQuery,
		"host:" + request.URL.Host, "x-amz-content-sha256:UNSIGNED-PAYLOAD", "x-amz-date:" + now, "",
		names, "UNSIGNED-PAYLOAD",
	}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	text := "AWS4-HMAC-SHA256\n" + now + "\n" + scope + "\n" + hex.EncodeToString(digest[:])
	key := []byte("AWS4" + os.Getenv("AWS_SECRET_ACCESS_KEY"))
	for _, part := range []string{day, region, "s3", "aws4_request", text} {
		key = mac(key, part)
	}
	request.Header.Set("authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%x",
		os.Getenv("AWS_ACCESS_KEY_ID"), scope, names, key))
}

func mac(key []byte, text string) []byte {
	hash := hmac.New(sha256.New, key)
	hash.Write([]byte(text))
	return hash.Sum(nil)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "ceiling:", err)
		os.Exit(1)
	}
}
