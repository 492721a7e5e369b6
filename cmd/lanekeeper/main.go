// Command lanekeeper keeps the issues of Jira and Linear in their lanes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/lanekeeper/lanekeeper/internal/config"
)

// The exit codes of every command.
const (
	exitOK     = 0
	exitFailed = 1 // something went wrong, or some source or issue failed
	exitUsage  = 2 // the configuration or the command line is wrong; nothing was started
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader that has seen enough ends us as any error does
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errSilent ends a command with exit code 1 after it has said everything.
var errSilent = errors.New("some source or issue failed")

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run executes one command line.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return exitCode(root.ExecuteContext(ctx), stderr)
}

func exitCode(err error, stderr io.Writer) int {
	var problems *config.Problems
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSilent), errors.Is(err, syscall.EPIPE):
		return exitFailed
	case errors.As(err, &problems):
		fmt.Fprintln(stderr, problems)
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "lanekeeper: %v\n", err)
		return exitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "lanekeeper: stopped")
		return exitFailed
	}
	fmt.Fprintf(stderr, "lanekeeper: %v\n", err)
	return exitFailed
}

// exactly is cobra.ExactArgs with the usage's exit code and a hint.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usageError{fmt.Errorf("%s needs %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath())}
	}
}
