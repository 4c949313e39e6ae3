import { useSearch } from "~/url/search";
import { Button } from "../Button";
import { Empty } from "../Placeholders";

/** Why a list of what runs is empty, and the way on. `one`: "task run". */
export function NoRows({ one, filtered }: { one: string; filtered: boolean }) {
  const [, change] = useSearch();
  return (
    <Empty
      title={filtered ? `No ${one} matches` : `No ${one}s in this range`}
      action={
        <Button onPress={() => change({ query: null, timeRange: "all", startDate: null, endDate: null })}>
          Show all of all time
        </Button>
      }
    >
      {filtered ? "Take out a term, or choose a longer range." : "Choose a longer range, or run a flow."}
    </Empty>
  );
}
