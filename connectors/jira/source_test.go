package jira_test

import (
	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
)

var _ reconcile.Source = (*jira.Client)(nil)
