// Server is all that is in an image: as a web server that is not ready at once, as one that greets and hangs up, or as a
// client that prints the page at an address.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go func() {
		<-end
		os.Exit(0)
	}()
	if len(os.Args) > 2 && os.Args[1] == "ask" {
		ask(os.Args[2])
		return
	}
	time.Sleep(time.Second) // until here, nothing listens
	if len(os.Args) > 1 && os.Args[1] == "banner" {
		log.Fatal(banner())
	}
	begin := time.Now()
	log.Fatal(http.ListenAndServe(":8000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if time.Since(begin) < time.Second {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "hello "+r.Host)
	})))
}

func ask(url string) {
	resp, err := http.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(os.Stdout, resp.Body); err != nil {
		log.Fatal(err)
	}
}

func banner() error {
	l, err := net.Listen("tcp", ":7777")
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		fmt.Fprintln(c, "greetings")
		c.Close()
	}
}
