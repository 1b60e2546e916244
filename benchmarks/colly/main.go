// Fetches the pages of the local site with colly and takes five fields of each; prints CPU and wall seconds a page.
//
//	go run . PORT PAGES HOSTS
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gocolly/colly/v2"
)

const atOnce = 64

func main() {
	port, count, hosts := os.Args[1], number(os.Args[2]), number(os.Args[3])
	collector := colly.NewCollector(colly.Async(true), colly.AllowURLRevisit())
	collector.WithTransport(&http.Transport{
		// Every host is the local site.
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
		},
		MaxIdleConns:        1000,
		MaxIdleConnsPerHost: atOnce,
	})
	if err := collector.Limit(&colly.LimitRule{DomainGlob: "*", Parallelism: atOnce}); err != nil {
		panic(err)
	}
	var done, read atomic.Int64
	collector.OnHTML("html", func(page *colly.HTMLElement) {
		fields := []string{
			page.ChildText("title"),
			page.ChildAttr(`meta[property="og:title"]`, "content"),
			page.ChildAttr(`meta[name="description"]`, "content"),
			page.ChildAttr(`link[rel="canonical"]`, "href"),
			page.ChildAttr(`meta[property="article:published_time"]`, "content"),
		}
		done.Add(1)
		read.Add(int64(len(fields[0])))
	})
	used, began := cpu(), time.Now()
	for n := range count {
		if err := collector.Visit(fmt.Sprintf("http://host%d.test/articles/%d", n%hosts, n)); err != nil {
			panic(err)
		}
	}
	collector.Wait()
	pages := float64(done.Load())
	_ = json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"cpu": (cpu() - used) / pages, "wall": time.Since(began).Seconds() / pages, "done": pages,
	})
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return value
}

// cpu is what this process has used, in seconds.
func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}
