// A whole job with the Go client of openapi-generator.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"time"

	openapi "example.com/client"
)

func check(ok bool, what any) {
	if !ok {
		log.Fatalf("%v", what)
	}
}

func order(slug string) string {
	text, err := json.Marshal(map[string]any{"templateSlug": slug, "variables": map[string]any{"mood": "raw"}})
	check(err == nil, err)
	return string(text)
}

func image() *os.File {
	file, err := os.Open("canvas.png")
	check(err == nil, err)
	return file
}

func code(err error) openapi.Problem {
	var refused *openapi.GenericOpenAPIError
	check(errors.As(err, &refused), err)
	problem, ok := refused.Model().(openapi.Problem)
	check(ok, err)
	return problem
}

func main() {
	configuration := openapi.NewConfiguration()
	configuration.Servers = openapi.ServerConfigurations{{URL: os.Getenv("SERVICE")}}
	client := openapi.NewAPIClient(configuration)
	caller := context.WithValue(context.Background(), openapi.ContextAccessToken, os.Getenv("TOKEN"))
	stranger := context.WithValue(context.Background(), openapi.ContextAccessToken, "wrong")

	catalogue, _, err := client.AccountAPI.Templates(context.Background()).Execute()
	check(err == nil && len(catalogue.Templates) > 0, err)
	slug := "night-life-roller"

	accepted, _, err := client.VideosAPI.Submit(caller).StartImage(image()).Data(order(slug)).Execute()
	check(err == nil, err)
	job, _, err := client.VideosAPI.Status(caller).JobId(accepted.JobId).Execute()
	for err == nil && (job.Status == openapi.PENDING || job.Status == openapi.PROCESSING) {
		time.Sleep(50 * time.Millisecond)
		job, _, err = client.VideosAPI.Status(caller).JobId(accepted.JobId).Execute()
	}
	check(err == nil && job.Status == openapi.COMPLETED && job.GetBytes() > 0, err)

	library, _, err := client.AccountAPI.Library(caller).Limit(5).Execute()
	check(err == nil && len(library.Videos) == 1 && library.Videos[0].JobId == job.JobId, err)
	account, _, err := client.AccountAPI.Credits(caller).Execute()
	check(err == nil && account.Entries[0].Kind == "charge", err)

	second, _, err := client.VideosAPI.Submit(caller).StartImage(image()).Data(order(slug)).Execute()
	check(err == nil, err)
	cancelled, _, err := client.VideosAPI.Cancel(caller).JobId(second.JobId).Execute()
	check(err == nil && cancelled.Status == openapi.CANCELLED, err)

	_, _, err = client.VideosAPI.Cancel(caller).JobId(job.JobId).Execute()
	check(code(err).Code == "job_finished", err)
	_, _, err = client.VideosAPI.Status(caller).JobId("no-such").Execute()
	check(code(err).Code == "job_not_found", err)
	_, _, err = client.VideosAPI.Submit(caller).StartImage(image()).Data(order("no-such")).Execute()
	check(code(err).Code == "template_not_found", err)
	_, _, err = client.AccountAPI.Library(stranger).Execute()
	check(code(err).Code == "unauthenticated", err)
}
