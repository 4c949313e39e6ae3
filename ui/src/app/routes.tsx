/** Every place of the page. A page's module exports `Component`; it is loaded when someone goes there. */
import { createBrowserRouter } from "react-router";
import { Broken } from "./Broken";
import { ROOT } from "./links";
import { NotHere } from "./NotHere";
import { Shell } from "./Shell";

export const router = createBrowserRouter(
  [
    {
      path: "/",
      element: <Shell />,
      errorElement: <Broken />,
      hydrateFallbackElement: <Shell />, // what is around every page is there before the first page is
      children: [
        {
          errorElement: <Broken />,
          children: [
            { index: true, lazy: () => import("~/pages/dashboard/DashboardPage") },
            { path: "flows", lazy: () => import("~/pages/flows/FlowsPage") },
            { path: "flows/new", lazy: () => import("~/pages/flows/NewFlowPage") },
            { path: "flows/:namespace/:flowId", lazy: () => import("~/pages/flows/FlowPage") },
            { path: "executions", lazy: () => import("~/pages/executions/ExecutionsPage") },
            { path: "executions/:executionId", lazy: () => import("~/pages/executions/ExecutionPage") },
            { path: "taskruns", lazy: () => import("~/pages/taskruns/TaskRunsPage") },
            { path: "logs", lazy: () => import("~/pages/logs/LogsPage") },
            { path: "triggers", lazy: () => import("~/pages/triggers/TriggersPage") },
            { path: "namespaces", lazy: () => import("~/pages/namespaces/NamespacesPage") },
            { path: "namespaces/:namespace", lazy: () => import("~/pages/namespaces/NamespacePage") },
            { path: "playground", lazy: () => import("~/pages/playground/PlaygroundPage") },
            { path: "*", element: <NotHere /> },
          ],
        },
      ],
    },
  ],
  { basename: ROOT },
);
